// Finds a node of a drawn graph by its name; Enter goes from one to the next.

import { useState } from "preact/hooks";
import { formatCount } from "../format";
import { SearchField } from "../parts/SearchField";

interface Props {
  paths: readonly string[];
  go(path: string): void;
}

export function Finder({ paths, go }: Props) {
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const wanted = text.trim().toLowerCase();
  const found = wanted ? paths.filter((path) => path.toLowerCase().includes(wanted)) : [];
  const visit = (index: number) => {
    const path = found[index];
    if (path === undefined) return;
    setAt(index);
    go(path);
  };
  const set = (next: string) => {
    setText(next);
    setAt(-1);
  };
  return (
    <span class="flow-finder">
      <SearchField label="Find a node" value={text} set={set} onEnter={(back) => visit((at + (back ? -1 : 1) + found.length) % found.length)} />
      {wanted && (
        <span class="muted number" role="status">
          {found.length === 0 ? "none" : at < 0 ? `${formatCount(found.length)}: Enter shows them` : `${formatCount(at + 1)} of ${formatCount(found.length)}`}
        </span>
      )}
    </span>
  );
}
