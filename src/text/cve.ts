/** Whether a vulnerability is named as in the CVE list; trackers of others have names of their own. */
export const isCve = (id: string): boolean => /^CVE-\d{4}-\d{4,19}$/.test(id);

/** Where the National Vulnerability Database describes one. */
export const cvePage = (id: string): string => `https://nvd.nist.gov/vuln/detail/${id}`;
