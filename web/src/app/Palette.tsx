// The palette: type a part of a name, press Enter, be there.

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { commands } from "./commands";
import { matching, type Command } from "./matching";

export const paletteOpen = signal(false);

/** Rows made at once; more letters narrow longer lists. */
const MOST = 40;

export function Palette() {
  return paletteOpen.value ? <Sheet /> : null;
}

function Sheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  useEffect(() => dialog.current?.showModal(), []);
  const close = () => {
    paletteOpen.value = false;
  };
  const found = matching(commands(), text).slice(0, MOST);
  const chosen = Math.min(at, found.length - 1);
  const run = (command: Command | undefined) => {
    if (!command) return;
    close();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (move) setAt((chosen + move + found.length) % Math.max(1, found.length));
    else if (event.key === "Enter") run(found[chosen]);
    else return;
    event.preventDefault();
  };
  return (
    <dialog class="palette" ref={dialog} aria-label="Go to" onClose={close} onClick={(event) => event.target === dialog.current && close()}>
      <input
        type="text" // Escape in a search field would empty it, and the palette stay
        class="search"
        placeholder="Go to a run, chart, tab, view or project; or do something"
        aria-label="Go to"
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found.length ? `palette-${chosen}` : undefined}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul id="palette-list" role="listbox" aria-label="Places">
        {found.map((command, index) => (
          <Row key={index} index={index} command={command} chosen={index === chosen} run={run} />
        ))}
      </ul>
      {!found.length && <p class="muted">Nothing has “{text.trim()}” in its name.</p>}
    </dialog>
  );
}

interface RowProps {
  index: number;
  command: Command;
  chosen: boolean;
  run(command: Command): void;
}

function Row({ index, command, chosen, run }: RowProps) {
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (chosen) row.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  return (
    <li ref={row} id={`palette-${index}`} role="option" aria-selected={chosen} class={chosen ? "cursor" : ""} onClick={() => run(command)}>
      <span class="muted palette-kind">{command.kind}</span>
      <span class="palette-name">{command.name}</span>
      <span class="muted">{command.detail}</span>
    </li>
  );
}
