// The system metrics of a run by what they measure and where: nodes, processes, GPUs, cores. And what the machines are.

import { formatBytes, formatNumber } from "../format";
import { byName } from "../runs/columns";
import { asObject } from "./meta";

/** What the name of a system metric says. */
export interface Measured {
  /** Such as "gpu" or "memory". */
  section: string;
  /** Such as "gpu memory.used": the same of all devices of all nodes. */
  metric: string;
  /** Such as "node 1" or "rank 3"; what has no word of its own is the first node's. */
  place: string;
  /** Such as "GPU 0" or "core 3"; empty where there is one of its kind. */
  device: string;
}

const PLACE = /^sys\/(?:(node|rank)(\d+)\.)?(.+)$/;
const GPU = /^gpu\.(\d+)\.[^.]+\.(?:mig\.(\d+)\.)?(.+)$/;
const CORE = /^(cpu\.percentage)\.(\d+)$/;
const PORT = /^ib\.([^.]+)\.([^.]+)\.(.+)$/;

export function measured(name: string): Measured {
  const [, kind, number, rest = ""] = PLACE.exec(name) ?? [];
  const place = kind ? `${kind} ${number}` : "node 0";
  const gpu = GPU.exec(rest);
  if (gpu) return { section: "gpu", metric: `${gpu[2] ? "mig." : ""}${gpu[3]}`, place, device: `GPU ${gpu[1]}${gpu[2] ? ` MIG ${gpu[2]}` : ""}` };
  const core = CORE.exec(rest);
  if (core) return { section: "cpu", metric: core[1] as string, place, device: `core ${core[2]}` };
  const port = PORT.exec(rest);
  if (port) return { section: "ib", metric: port[3] as string, place, device: `${port[1]} port ${port[2]}` };
  return { section: rest.split(/[./]/)[0] as string, metric: rest, place, device: "" };
}

export interface SystemChart {
  /** What the page knows the chart by: the metric itself where it is one. */
  name: string;
  title: string;
  names: string[];
  /** What the lines are called, by metric. */
  labels: Record<string, string>;
}

export interface SystemSection {
  id: string;
  charts: SystemChart[];
}

const ORDER = ["gpu", "cpu", "memory", "process", "disk", "network", "ib"];

/** Charts by what is measured, a line a node, GPU, core or process; `apart`: a chart each. */
export function systemSections(names: Iterable<string>, keeps: (name: string) => boolean, apart: boolean): SystemSection[] {
  const kept = [...names].filter((name) => name.startsWith("sys/") && keeps(name)).sort(byName);
  const several = new Set(kept.map((name) => measured(name).place)).size > 1;
  const sections = new Map<string, Map<string, SystemChart>>();
  for (const name of kept) {
    const { section, metric, place, device } = measured(name);
    const label = [several && place, device].filter(Boolean).join(" · ");
    const key = apart ? name : metric;
    const charts = sections.get(section) ?? new Map<string, SystemChart>();
    sections.set(section, charts);
    const chart = charts.get(key) ?? { name, title: apart ? [metric, label].filter(Boolean).join(" · ") : metric, names: [], labels: {} };
    charts.set(key, chart);
    chart.names.push(name);
    chart.labels[name] = label || metric;
    if (chart.names.length > 1) chart.name = `sys/*${metric}`;
  }
  const rank = (id: string) => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length);
  return [...sections.entries()]
    .sort(([a], [b]) => rank(a) - rank(b) || byName(a, b))
    .map(([id, charts]) => ({ id, charts: [...charts.values()] }));
}

export interface Machine {
  /** Such as "node 0". */
  place: string;
  /** What it is, by the words of the table's head. */
  facts: Record<string, string>;
  /** All that was recorded of it. */
  metadata: unknown;
}

/** The machines of a run; the first has its facts at the top, the others below `nodes`. */
export function machinesOf(systemMetadata: unknown): Machine[] {
  const { nodes, ...first } = asObject(systemMetadata);
  const others = Object.entries(asObject(nodes)).sort(([a], [b]) => byName(a, b));
  const all = Object.keys(first).length ? [["node0", first] as const, ...others] : others;
  return all.map(([name, metadata]) => ({ place: name.replace(/(\d+)$/, " $1"), facts: factsOf(metadata), metadata }));
}

function factsOf(metadata: unknown): Record<string, string> {
  const { os_info, platform, cpu, memory, gpu, cuda } = asObject(metadata);
  const [system, processors, ram, nvidia] = [asObject(os_info), asObject(cpu), asObject(memory), asObject(asObject(gpu).nvidia)];
  const facts: Record<string, string> = {
    host: text(system.hostname) || text(asObject(platform).node),
    GPUs: gpusOf(nvidia.devices),
    CPU: [typeof processors.virtual === "number" ? `${processors.virtual} cores` : "", text(asObject(platform).machine)].filter(Boolean).join(", "),
    memory: bytes(ram.limit) || bytes(ram.virt),
    driver: text(nvidia.driver),
    CUDA: text(asObject(cuda).cuda_driver) || text(asObject(cuda).cuda_nvcc) || text(asObject(cuda).cuda),
    system: text(asObject(system.os).pretty_name) || text(asObject(platform).system),
    Python: text(asObject(system.python).version),
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== ""));
}

/** Such as "8 × NVIDIA H100 80 GB". */
function gpusOf(devices: unknown): string {
  const names = (Array.isArray(devices) ? devices : []).map((device) => {
    const { name, memory } = asObject(device);
    return [text(name), bytes(asObject(memory).total)].filter(Boolean).join(" ");
  });
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => (count > 1 ? `${count} × ${name}` : name)).join(", ");
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function bytes(value: unknown): string {
  return typeof value === "number" && value > 0 ? formatBytes(value, 3) : "";
}

export interface Ending {
  what: string;
  value: string;
}

interface Known {
  name: string;
  last: number | null;
}

/** Memory and GPUs at the last sample, with what there was of them: where a cause of death is looked for. */
export function endingOf(names: readonly Known[], systemMetadata: unknown): Ending[] {
  const last = new Map(names.map(({ name, last }) => [name, last]));
  const totals = totalsOf(systemMetadata);
  const several = machinesOf(systemMetadata).length > 1;
  const found: Ending[] = [];
  for (const [name, value] of last) {
    if (value === null || !name.startsWith("sys/")) continue;
    const { section, metric, place, device } = measured(name);
    const where = [several && place, device].filter(Boolean).join(" ");
    const prefix = where ? `${where} ` : "";
    if (metric === "memory.used") {
      const all = totals.get(`${place} ${device}`.trim()) ?? null;
      found.push({ what: `${prefix}memory`, value: ofAll(value, all) });
    } else if (metric === "process.memory.rss") {
      found.push({ what: `${place.startsWith("rank") || several ? `${place} ` : ""}process`, value: formatBytes(value, 3) });
    } else if (section === "gpu" && (metric === "utilization" || metric === "temperature")) {
      found.push({ what: `${prefix}${metric === "utilization" ? "load" : "temperature"}`, value: metric === "utilization" ? `${formatNumber(value, 3)} %` : `${formatNumber(value, 3)} °C` });
    }
  }
  return found.sort((a, b) => byName(a.what, b.what));
}

function ofAll(value: number, all: number | null): string {
  if (all === null) return formatBytes(value, 3);
  return `${formatBytes(value, 3)} of ${formatBytes(all, 3)} (${Math.round((100 * value) / all)} %)`;
}

/** Bytes there are, by node and by GPU. */
function totalsOf(systemMetadata: unknown): Map<string, number> {
  const totals = new Map<string, number>();
  const add = (key: string, value: unknown) => typeof value === "number" && totals.set(key, value);
  for (const { place, metadata } of machinesOf(systemMetadata)) {
    const { memory, gpu } = asObject(metadata);
    add(place, asObject(memory).virt);
    const devices = asObject(asObject(gpu).nvidia).devices;
    (Array.isArray(devices) ? devices : []).forEach((device, index) => add(`${place} GPU ${index}`, asObject(asObject(device).memory).total));
  }
  return totals;
}
