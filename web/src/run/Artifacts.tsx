// The artifacts of a run: versions to open, their files as a tree.

import type { FileRow } from "../api/types";
import { formatAgo, formatBytes, formatCount, formatDate } from "../format";
import { now } from "../state/catalog";
import { treeOf, type Artifact, type Folder, type Version } from "./artifacts";

interface Props {
  artifacts: readonly Artifact[];
  current: FileRow | undefined;
  pick(url: string): void;
}

export function Artifacts({ artifacts, ...rest }: Props) {
  return (
    <section class="artifacts" data-testid="artifacts">
      <h2>
        Artifacts <span class="muted number">{formatCount(artifacts.length)}</span>
      </h2>
      {artifacts.map(({ name, versions }) => (
        <div key={name} class="artifact">
          <h3>{name}</h3>
          {[...versions].reverse().map((version, index) => (
            <VersionShown key={version.label} version={version} open={index === 0 && version.files.length <= 20} {...rest} />
          ))}
        </div>
      ))}
    </section>
  );
}

function VersionShown({ version, open, ...rest }: { version: Version; open: boolean } & Omit<Props, "artifacts">) {
  const { label, step, time, type, aliases, files, size, sameAs } = version;
  return (
    <details open={open}>
      <summary>
        <b>{label}</b>{" "}
        {aliases.map((alias) => (
          <span class="tag" key={alias}>
            {alias}
          </span>
        ))}{" "}
        <span class="muted number" title={formatDate(time)}>
          {[type, `step ${formatCount(step)}`, `${formatCount(files.length)} ${files.length === 1 ? "file" : "files"}`, formatBytes(size), formatAgo(time, now.value)]
            .filter(Boolean)
            .join(" · ")}
          {sameAs && ` · same files as ${sameAs}`}
        </span>
      </summary>
      <Tree folder={treeOf(files)} {...rest} />
    </details>
  );
}

function Tree({ folder, current, pick }: { folder: Folder } & Omit<Props, "artifacts">) {
  return (
    <ul class="file-tree">
      {[...folder.folders].map(([name, inner]) => (
        <li key={name}>
          <details open>
            <summary>{name}/</summary>
            <Tree folder={inner} current={current} pick={pick} />
          </details>
        </li>
      ))}
      {folder.files.map(({ name, file }) => (
        <li key={file.url} class={file.url === current?.url ? "cursor" : ""}>
          <button type="button" class="link" onClick={() => pick(file.url)}>
            {name}
          </button>{" "}
          <span class="muted number">{formatBytes(file.size)}</span>
        </li>
      ))}
    </ul>
  );
}
