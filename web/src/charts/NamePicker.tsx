// A button that offers names to choose one from, found by typing: there may be ten thousand.

import { useEffect, useRef, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { Popover } from "../parts/Popover";
import { textMatcher } from "../runs/filter";

/** So many names are offered at once; the search finds the rest. */
const MOST = 100;

interface Props {
  label: string;
  button: ComponentChildren;
  names(): readonly string[];
  choose(name: string): void;
}

export function NamePicker({ label, button, names, choose }: Props) {
  return (
    <Popover label={label} button={button} wide text>
      <Names names={names()} choose={choose} />
    </Popover>
  );
}

function Names({ names, choose }: { names: readonly string[]; choose(name: string): void }) {
  const [search, setSearch] = useState("");
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);
  const found = names.filter(textMatcher(search));
  return (
    <div class="chooser">
      <input
        type="search"
        class="search"
        placeholder="Find a name"
        aria-label="Find a name"
        value={search}
        ref={field}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <div class="chooser-lists names">
        {found.slice(0, MOST).map((name) => (
          <button type="button" key={name} data-closes onClick={() => choose(name)}>
            {name}
          </button>
        ))}
        {found.length > MOST && <p class="muted">{found.length - MOST} more: search for them</p>}
        {found.length === 0 && <p class="muted">No name matches.</p>}
      </div>
    </div>
  );
}
