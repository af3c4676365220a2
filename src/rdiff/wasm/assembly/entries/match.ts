// Everything that finds matches, in one module.
export { baseBackward, baseEqual32, baseForward } from '../base';
export { indexCoarse, scanCoarse } from '../coarse';
export {
  equal32,
  equal32Scalar,
  matchBackward,
  matchBackwardScalar,
  matchForward,
  matchForwardScalar,
} from '../compare';
export { encodeMatches } from '../encode';
export { collectMatches, indexFine } from '../fine';
export { followDiagonals, indexAnchors } from '../follow';
export { chooseMatches, countBytes, literalCost } from '../parse';
