// Which commands of the palette a typed text means.

export interface Command {
  kind: "tab" | "chart" | "run" | "project" | "view" | "action";
  name: string;
  /** What tells runs of one name apart. */
  detail: string;
  run(): void;
}

/** Commands that hold every word of the text: names that begin with it first, then names with it, then the rest. */
export function matching<T extends Pick<Command, "kind" | "name" | "detail">>(list: readonly T[], text: string): T[] {
  const wanted = text.trim().toLowerCase();
  const words = wanted.split(/\s+/);
  const rank = (name: string) => (name.startsWith(wanted) ? 0 : name.includes(wanted) ? 1 : 2);
  return list
    .map((command) => ({ command, all: `${command.kind} ${command.name} ${command.detail}`.toLowerCase() }))
    .filter(({ all }) => words.every((word) => all.includes(word)))
    .map(({ command }) => ({ command, rank: rank(command.name.toLowerCase()) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ command }) => command);
}
