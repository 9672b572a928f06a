// The code that ran: its commit, and what was changed since that commit.

import { useState } from "preact/hooks";
import type { RunAnswer } from "../api/types";
import { KeyValues } from "../parts/KeyValues";
import { download } from "../parts/download";
import { CopyButton, Empty } from "../parts/states";
import "../style/graph.css";
import { readDiff, type DiffFile } from "./diff";
import { gitOf, type Git } from "./meta";

export function CodeTab({ answer: { run } }: { answer: RunAnswer }) {
  const git = gitOf(run.systemMetadata);
  if (!git) {
    return (
      <Empty title="No git repository">
        <p>Start the training inside a git repository: the commit and the changes since then are recorded by themselves.</p>
      </Empty>
    );
  }
  return (
    <div class="code-page" data-testid="code">
      <section class="columns-page">
        <KeyValues title="Commit" rows={git.facts} none="git told nothing." />
      </section>
      <Changes git={git} name={run.name} />
    </div>
  );
}

function Changes({ git, name }: { git: Git; name: string }) {
  const bases = git.diffs;
  const [chosen, setChosen] = useState(0);
  const diff = bases[chosen] ?? bases[0];
  if (!diff) {
    return (
      <section>
        <h2>Changes</h2>
        <p class="muted">None: the code was that of the commit.</p>
      </section>
    );
  }
  const files = readDiff(diff.text);
  return (
    <section>
      <div class="toolbar">
        <h2>Changes</h2>
        {bases.length > 1 && (
          <label class="field">
            since
            <select value={chosen} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
              {bases.map((base, index) => (
                <option key={base.since} value={index}>
                  {base.since}
                </option>
              ))}
            </select>
          </label>
        )}
        {bases.length === 1 && <span class="muted">since {diff.since}</span>}
        <span class="spacer" />
        <CopyButton text={diff.text} />
        <button type="button" class="button" onClick={() => download(new Blob([diff.text, "\n"], { type: "text/plain" }), `${name}.patch`)}>
          Download
        </button>
      </div>
      {files.map((file) => (
        <ChangedFile key={file.name} file={file} />
      ))}
      {!files.length && <pre class="text-shown">{diff.text}</pre>}
    </section>
  );
}

/** Longer changes begin folded. */
const OPEN_LINES = 300;

function ChangedFile({ file: { name, added, removed, lines } }: { file: DiffFile }) {
  return (
    <details class="diff-file" open={lines.length <= OPEN_LINES}>
      <summary>
        <b>{name}</b>{" "}
        <span class="diff-counts number">
          <span class="added">+{added}</span> <span class="removed">−{removed}</span>
        </span>
      </summary>
      <pre tabIndex={0} aria-label={`Changes of ${name}`}>
        {lines.map((line, index) => (
          <span key={index} class={`diff-line ${line.kind}`}>
            {line.text || " "}
          </span>
        ))}
      </pre>
    </details>
  );
}
