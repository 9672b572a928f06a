// The artifacts of a run: versions to open, their files as a tree.

import { formatAgo, formatBytes, formatCount, formatDate } from "../format";
import { now } from "../state/catalog";
import type { Artifact, Version } from "./artifacts";
import { FileTree, type TreeProps } from "./FileTree";
import { treeOf } from "./folders";

interface Props extends Pick<TreeProps, "searched" | "current" | "pick"> {
  artifacts: readonly Artifact[];
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
            <VersionShown key={version.label} artifact={name} version={version} open={index === 0 && version.files.length <= 20} {...rest} />
          ))}
        </div>
      ))}
    </section>
  );
}

type VersionProps = { artifact: string; version: Version; open: boolean } & Omit<Props, "artifacts">;

function VersionShown({ artifact, version, open, ...rest }: VersionProps) {
  const { label, step, time, type, aliases, files, size, sameAs } = version;
  return (
    <details open={open || rest.searched}>
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
      <FileTree id={`artifact ${artifact}`} folder={treeOf(files, (file) => file.caption ?? "")} atFirst {...rest} />
    </details>
  );
}
