// Tags and notes of a run, edited in place.

import { useState } from "preact/hooks";

export function Tags({ tags, save }: { tags: readonly string[]; save: (tags: string[]) => Promise<void> }) {
  const [text, setText] = useState<string | null>(null);
  const add = () => {
    const added = (text ?? "").trim();
    setText(null);
    if (added && !tags.includes(added)) void save([...tags, added]);
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
      {text === null ? (
        <button type="button" class="link" onClick={() => setText("")}>
          + tag
        </button>
      ) : (
        <input
          class="tag-input"
          aria-label="New tag"
          value={text}
          ref={(field) => field?.focus()}
          onInput={(event) => setText(event.currentTarget.value)}
          onBlur={add}
          onKeyDown={(event) => {
            if (event.key === "Enter") add();
            if (event.key === "Escape") setText(null);
          }}
        />
      )}
    </div>
  );
}

export function Notes({ notes, save }: { notes: string; save: (notes: string) => Promise<void> }) {
  const [text, setText] = useState<string | null>(null);
  if (text === null) {
    return (
      <button type="button" class={`notes ${notes ? "" : "link"}`} title="Edit the notes" onClick={() => setText(notes)}>
        {notes || "+ notes"}
      </button>
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
        rows={3}
        value={text}
        ref={(field) => field?.focus()}
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
