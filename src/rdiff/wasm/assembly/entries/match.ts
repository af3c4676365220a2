// Everything that finds matches, in one module: see ../coarse.ts and ../fine.ts.
export { indexCoarse, scanCoarse } from '../coarse';
export { matchForward, matchForwardScalar, matchBackward, matchBackwardScalar } from '../compare';
