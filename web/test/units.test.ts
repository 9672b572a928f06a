import { expect, test } from "vitest";
import { exactLabels } from "../src/charts/ticks";
import { formatIn, framed, unitOf, type Unit } from "../src/charts/units";

test.each<[string, Unit]>([
  ["sys/cpu.percentage.0", "percent"],
  ["sys/process.cpu.percentage", "percent"],
  ["sys/gpu.0.nvidia_a100.utilization", "percent"],
  ["sys/gpu.0.nvidia_a100.memory.utilization", "percent"],
  ["sys/gpu.0.nvidia_a100.memory.used", "bytes"],
  ["sys/memory.used", "bytes"],
  ["sys/process.memory.rss", "bytes"],
  ["sys/disk.free", "bytes"],
  ["sys/network.bytes_sent", "bytes"],
  ["sys/disk.write_bytes.rate", "bytes/s"],
  ["sys/ib.mlx5_0.1.rcv_packets.rate", ""],
  ["sys/process.threads", ""],
  ["train/memory.used", ""],
])("%s is measured in “%s”", (name, unit) => expect(unitOf(name)).toBe(unit));

test("values and ticks have their unit", () => {
  expect(formatIn("bytes", 66.95825e9)).toBe("66.96 GB");
  expect(formatIn("bytes/s", 120_000)).toBe("120 kB/s");
  expect(formatIn("percent", 12.5)).toBe("12.5 %");
  expect(formatIn("bytes", NaN)).toBe("NaN");
  expect(exactLabels([0, 5e8, 1e9], (tick, digits) => formatIn("bytes", tick, digits))).toEqual(["0 B", "500 MB", "1 GB"]);
});

test("percent are drawn between 0 and 100, unless there is more of them", () => {
  const [low, high] = framed([100, 100], false, "percent");
  expect(low <= 0 && low > -10).toBe(true);
  expect(high >= 100 && high < 110).toBe(true);
  expect(framed([0, 350], false, "percent")[1]).toBeGreaterThan(350);
  expect(framed([100, 100], false, "")[0]).toBe(90);
});
