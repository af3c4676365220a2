// Preloaded into s3rver 3.7.1: it removes folders that are empty while another
// request is about to write there, and that write ends the whole server.
const { createRequire } = require('node:module');

createRequire(process.argv[1])('fs-extra').rmdir = async () => undefined;
