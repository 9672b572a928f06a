// What the values of a metric are measured in. Only the system metrics have names that tell.

import { formatBytes, formatNumber } from "../format";
import { padded, type Range } from "./lines";

export type Unit = "" | "percent" | "bytes" | "bytes/s" | "milliwatts" | "°C";

const PERCENT = /\.(percentage|utilization)(\.\d+)?$/;
const BYTES = /bytes|(^|\.)memory\.|^disk\.(used|free)$/;

/** The unit of `sys/memory.used`, `sys/cpu.percentage.0`, `sys/network.bytes_sent.rate`; "" for all that say nothing. */
export function unitOf(name: string): Unit {
  if (!name.startsWith("sys/")) return "";
  const own = name.slice(4).replace(/^(node|rank)\d+\./, "");
  if (PERCENT.test(own)) return "percent";
  if (own.startsWith("gpu.") && own.endsWith(".power")) return "milliwatts";
  if (own.startsWith("gpu.") && own.endsWith(".temperature")) return "°C";
  if (!BYTES.test(own)) return "";
  return own.endsWith(".rate") ? "bytes/s" : "bytes";
}

/** A value with its unit: 12.5 %, 66.96 GB, 1.2 MB/s. */
export function formatIn(unit: Unit, value: number, digits = 4): string {
  if (unit === "" || !Number.isFinite(value)) return formatNumber(value, digits);
  if (unit === "milliwatts") return `${formatNumber(value / 1000, digits)} W`;
  if (unit === "°C") return `${formatNumber(value, digits)} °C`;
  if (unit === "percent") return `${formatNumber(value, digits)} %`;
  return formatBytes(value, digits) + (unit === "bytes/s" ? "/s" : "");
}

/** The y axis for values in this range: percent are shown on the whole of 0 to 100, no bytes are not less than none. */
export function framed([low, high]: Range, log: boolean, unit: Unit): Range {
  if (unit === "percent" && !log && low >= 0) return padded([0, Math.max(100, high)], false);
  if (unit !== "" && low === 0 && high === 0) return padded([0, 1], log);
  return padded([low, high], log);
}
