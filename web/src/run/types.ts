// The log types that the tabs of a run's page show.

import type { NameInfo } from "../api/types";

export const MEDIA_TYPES = ["IMAGE", "AUDIO", "VIDEO", "TEXT", "FILE"];
export const DATA_TYPES = ["HISTOGRAM", "TABLE", "DATA", "GRAPH"];

export function ofTypes(names: readonly NameInfo[], types: readonly string[]): NameInfo[] {
  return names.filter((info) => types.includes(info.type));
}
