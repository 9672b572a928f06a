// Tags and notes of a run, edited in place.

import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { lazy } from "../parts/lazy";

const Markdown = lazy(() => import("../parts/Markdown").then((loaded) => loaded.Markdown), "the notes");

export function Tags({ tags, save }: { tags: readonly string[]; save: (tags: string[]) => Promise<void> }) {
  const [adding, setAdding] = useState(false);
  const add = (tag: string) => {
    setAdding(false);
    if (tag && !tags.includes(tag)) void save([...tags, tag]);
  };
  return (
    <div class="tags" data-testid="tags">
      {tags.map((tag) => (
        <span class="tag" key={tag}>
          {tag}
          <button
            type="button"
            class="tag-remove"
            aria-label={`Remove tag ${tag}`}
            onClick={() => void save(tags.filter((other) => other !== tag))}
          >
            ✕
          </button>
        </span>
      ))}
      {adding ? (
        <NewTag add={add} />
      ) : (
        <button type="button" class="link" onClick={() => setAdding(true)}>
          + tag
        </button>
      )}
    </div>
  );
}

/** `add` hears an empty text when the person thinks better of it. */
function NewTag({ add }: { add: (tag: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.focus(), []);
  return (
    <input
      class="tag-input"
      aria-label="New tag"
      ref={field}
      onBlur={(event) => add(event.currentTarget.value.trim())}
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.value = "";
        if (event.key === "Enter" || event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}

export function Notes({ notes, save }: { notes: string; save: (notes: string) => Promise<void> }) {
  const [text, setText] = useState<string | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const editing = text !== null;
  useLayoutEffect(() => {
    if (editing) field.current?.focus();
  }, [editing]);
  if (text === null) {
    return (
      <div class="notes" data-testid="notes">
        {notes && (
          <div class="notes-text" tabIndex={0} role="region" aria-label="Notes">
            <Markdown text={notes} />
          </div>
        )}
        <button type="button" class="link" onClick={() => setText(notes)}>
          {notes ? "Edit notes" : "+ notes"}
        </button>
      </div>
    );
  }
  const finish = (keep: boolean) => {
    setText(null);
    if (keep && text !== notes) void save(text);
  };
  return (
    <div class="notes-edit">
      <textarea
        aria-label="Notes"
        rows={6}
        placeholder="Markdown: **bold**, `code`, - list, [link](https://…)"
        value={text}
        ref={field}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") finish(false);
          if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) finish(true);
        }}
      />
      <button type="button" class="button primary" onClick={() => finish(true)}>
        Save
      </button>
      <button type="button" class="button" onClick={() => finish(false)}>
        Cancel
      </button>
    </div>
  );
}
