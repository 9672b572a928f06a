import { expect, test } from "vitest";
import { formatIn, unitOf } from "../src/charts/units";
import { endingOf, machinesOf, measured, systemSections } from "../src/run/machines";

const NAMES = [
  "sys/cpu.percentage.0",
  "sys/cpu.percentage.10",
  "sys/cpu.percentage.2",
  "sys/memory.used",
  "sys/node1.memory.used",
  "sys/gpu.0.nvidia_h100.utilization",
  "sys/gpu.1.nvidia_h100.utilization",
  "sys/node1.gpu.0.nvidia_h100.utilization",
  "sys/rank3.process.memory.rss",
  "train/loss",
];

const H100 = { name: "NVIDIA H100", memory: { total: 80e9 } };
const METADATA = {
  os_info: { hostname: "alpha", os: { pretty_name: "Debian 12" }, python: { version: "3.11.7" } },
  platform: { machine: "x86_64" },
  cpu: { virtual: 64 },
  memory: { virt: 512e9, limit: 256e9 },
  gpu: { nvidia: { driver: "550.1", devices: [H100, H100] } },
  nodes: { node10: { os_info: { hostname: "kappa" } }, node2: { os_info: { hostname: "beta" } } },
};

test("a name says what is measured, on which node and device", () => {
  expect(measured("sys/node1.gpu.3.nvidia_h100.memory.used")).toEqual({ section: "gpu", metric: "memory.used", place: "node 1", device: "GPU 3" });
  expect(measured("sys/gpu.0.a100.mig.1.memory.used")).toMatchObject({ metric: "mig.memory.used", device: "GPU 0 MIG 1" });
  expect(measured("sys/rank3.process.threads")).toMatchObject({ section: "process", place: "rank 3", device: "" });
  expect(measured("sys/ib.mlx5_0.1.rcv.rate")).toMatchObject({ section: "ib", metric: "rcv.rate", device: "mlx5_0 port 1" });
});

test("nodes and devices are lines of one chart, the GPUs first", () => {
  const sections = systemSections(NAMES, () => true, false);
  expect(sections.map(({ id }) => id)).toEqual(["gpu", "cpu", "memory", "process"]);
  const [load] = sections[0]?.charts ?? [];
  expect(load).toMatchObject({ name: "sys/*utilization", title: "utilization" });
  expect(Object.values(load?.labels ?? {})).toEqual(["node 0 · GPU 0", "node 0 · GPU 1", "node 1 · GPU 0"]);
  expect(sections[1]?.charts[0]?.names.map((name) => name.split(".").pop())).toEqual(["0", "2", "10"]);
  expect(sections[3]?.charts[0]?.name).toBe("sys/rank3.process.memory.rss");
});

test("apart they have a chart each, and one node needs no name", () => {
  const [gpu] = systemSections(["sys/gpu.0.x.power", "sys/gpu.1.x.power"], () => true, true);
  expect(gpu?.charts.map(({ title }) => title)).toEqual(["power · GPU 0", "power · GPU 1"]);
});

test("machines are told in the order of the nodes, with what is known", () => {
  const [first, ...others] = machinesOf(METADATA);
  expect(first?.facts).toEqual({
    host: "alpha",
    GPUs: "2 × NVIDIA H100 80 GB",
    CPU: "64 cores, x86_64",
    memory: "256 GB",
    driver: "550.1",
    system: "Debian 12",
    Python: "3.11.7",
  });
  expect(others.map(({ place, facts }) => [place, facts.host])).toEqual([["node 2", "beta"], ["node 10", "kappa"]]);
  expect(machinesOf(null)).toEqual([]);
});

test("the end of a run is told by memory and GPUs, with what there was of them", () => {
  const { nodes, ...alone } = METADATA;
  const names = [
    { name: "sys/memory.used", last: 256e9 },
    { name: "sys/gpu.1.h100.memory.used", last: 79.2e9 },
    { name: "sys/gpu.1.h100.utilization", last: 100 },
    { name: "sys/process.memory.rss", last: 3e9 },
    { name: "sys/disk.used", last: 5 },
    { name: "loss", last: 5 },
  ];
  expect(endingOf(names, alone).map(({ what, value }) => `${what} ${value}`)).toEqual([
    "GPU 1 load 100 %",
    "GPU 1 memory 79.2 GB of 80 GB (99 %)",
    "memory 256 GB of 512 GB (50 %)",
    "process 3 GB",
  ]);
});

test("units hold on every node, and power is read in watts", () => {
  expect(unitOf("sys/node1.disk.used")).toBe("bytes");
  expect(formatIn(unitOf("sys/node2.gpu.0.h100.power"), 312_500)).toBe("312.5 W");
  expect(formatIn(unitOf("sys/gpu.0.h100.temperature"), 61)).toBe("61 °C");
});
