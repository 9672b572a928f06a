// Decodes the binary answer of `POST /api/ui/series`: a u32 header length, a JSON header padded to
// eight bytes, then five float64 columns (x, min, max, mean, flags) a series, little-endian.

import type { Series } from "./types";

interface Header {
  series: { run: number; name: string; n: number; offset: number; downsampled: boolean; version: number }[];
}

const COLUMNS = 5;
const PREFIX = 4;

/** Reads all series of a frame; throws when the body is shorter than its header says. */
export function decodeSeries(body: ArrayBuffer): Series[] {
  if (body.byteLength < PREFIX) throw new Error("the series answer is empty");
  const length = new DataView(body).getUint32(0, true);
  const text = new TextDecoder().decode(new Uint8Array(body, PREFIX, length));
  const header = JSON.parse(text) as Header;
  const start = PREFIX + length;
  return header.series.map((entry) => {
    const column = (index: number) => floats(body, start + entry.offset + index * entry.n * 8, entry.n);
    const end = start + entry.offset + COLUMNS * entry.n * 8;
    if (end > body.byteLength) throw new Error(`the series answer is cut short at ${entry.name}`);
    return {
      run: entry.run,
      name: entry.name,
      version: entry.version,
      downsampled: entry.downsampled,
      x: column(0),
      min: column(1),
      max: column(2),
      mean: column(3),
      flags: column(4),
    };
  });
}

/** A view of the body where the alignment allows one, else a copy. */
function floats(body: ArrayBuffer, at: number, count: number): Float64Array {
  if (at % 8 === 0) return new Float64Array(body, at, count);
  return new Float64Array(body.slice(at, at + count * 8));
}
