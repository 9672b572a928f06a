// The tabs of a run's page, with how much there is in them.

import type { NameInfo } from "../api/types";
import { DATA_TYPES, MEDIA_TYPES, ofTypes } from "./types";

export function tabsOf(names: readonly NameInfo[]): [string, string, number?][] {
  const count = (types: readonly string[]) => ofTypes(names, types).length;
  return [
    ["charts", "Charts"],
    ["overview", "Overview"],
    ["media", "Media", count(MEDIA_TYPES)],
    ["data", "Data", count(DATA_TYPES)],
    ["console", "Console"],
    ["system", "System"],
    ["files", "Files"],
    ["graph", "Graph"],
    ["code", "Code"],
    ["config", "Config"],
  ];
}
