// What a logged file is to a person, by its log type, media type and extension.

import type { FileRow } from "../api/types";

export type Kind = "image" | "audio" | "video" | "text" | "html" | "json";

const BY_LOG_TYPE: Record<string, Kind> = { IMAGE: "image", AUDIO: "audio", VIDEO: "video", TEXT: "text" };
/** Documents beyond this are files to download, not media to look at. */
const LARGEST_DOCUMENT = 30_000_000;

/** How the media page shows a file; null where it belongs to the files only. */
export function kindOf(file: FileRow): Kind | null {
  if (file.fileType === "mask") return null;
  const mime = file.mime ?? "";
  // Short videos are stored as GIF, which only an image element plays.
  if (mime.startsWith("image/")) return "image";
  const known = BY_LOG_TYPE[file.type];
  if (known) return known;
  if (file.type === "ARTIFACT" || file.size > LARGEST_DOCUMENT) return null;
  if (mime.startsWith("audio/")) return "audio";
  return mime.startsWith("video/") ? "video" : documentKind(file);
}

/** Whether a file, of an artifact too, is a document that can be shown as more than its text. */
export function documentKind(file: FileRow): "html" | "json" | null {
  if (file.size > LARGEST_DOCUMENT) return null;
  return file.mime === "text/html" ? "html" : file.mime === "application/json" ? "json" : null;
}

export type Point = readonly number[];

/** A cloud of points as it is stored: rows of x, y, z, and a category or a colour. */
export function asPoints(data: unknown): Point[] | null {
  if (!Array.isArray(data) || !Array.isArray(data[0])) return null;
  const width = data[0].length;
  return [3, 4, 6].includes(width) && data[0].every((value) => typeof value === "number") ? (data as Point[]) : null;
}

export interface Figure {
  data: Record<string, unknown>[];
  layout: Record<string, unknown>;
}

/** A Plotly figure as it is stored. */
export function asFigure(data: unknown): Figure | null {
  const { data: traces, layout } = (data ?? {}) as { data?: unknown; layout?: unknown };
  if (!Array.isArray(traces) || typeof layout !== "object" || layout === null) return null;
  const known = traces.filter((trace) => typeof trace === "object" && trace !== null);
  return { data: known as Figure["data"], layout: layout as Figure["layout"] };
}
