export function probe(p: usize): u32 {
  return i32x4.extract_lane(v128.load(p), 0) + atomic.add<u32>(p, 1);
}
