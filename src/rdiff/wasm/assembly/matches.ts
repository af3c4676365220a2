// Matches as one function hands them to the next: target address u32, length u32, base offset
// f64 each, in order and not overlapping. WASM_MATCH_BYTES in create/layout.ts counts on it.

export const MATCH_BYTES: usize = 16;

// @ts-ignore: decorator
@inline
export function putMatch(at: usize, target: usize, length: u32, base: f64): void {
  store<u32>(at, <u32>target);
  store<u32>(at, length, 4);
  store<f64>(at, base, 8);
}
