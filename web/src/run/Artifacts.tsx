// The artifacts of a run: versions to open, their files as a tree.

import type { Lineage } from "../api/types";
import { formatAgo, formatBytes, formatCount, formatDate } from "../format";
import { now } from "../state/catalog";
import { usersOf, type Artifact, type Version } from "./artifacts";
import { FileTree, type TreeProps } from "./FileTree";
import { treeOf } from "./folders";
import { RunLink } from "./RunLink";

interface Props extends Pick<TreeProps, "searched" | "current" | "pick"> {
  artifacts: readonly Artifact[];
  lineage: Lineage;
}

export function Artifacts({ artifacts, ...rest }: Props) {
  return (
    <section class="artifacts" data-testid="artifacts">
      <h2>
        Artifacts <span class="muted number">{formatCount(artifacts.length)}</span>
      </h2>
      {rest.lineage.unread > 0 && <p class="muted">{formatCount(rest.lineage.unread)} runs of other projects are still being read: they may have used these too.</p>}
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

function VersionShown({ artifact, version, open, lineage, ...rest }: VersionProps) {
  const { label, step, time, type, aliases, files, size, sameAs } = version;
  const users = usersOf(artifact, version, lineage);
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
      {users.length > 0 && (
        <p class="users">
          used by{" "}
          {users.map((run) => (
            <RunLink key={run.id} run={run} />
          ))}
        </p>
      )}
      <FileTree id={`artifact ${artifact}`} folder={treeOf(files, (file) => file.caption ?? "")} atFirst {...rest} />
    </details>
  );
}

/** What the run took from others. */
export function UsedArtifacts({ uses }: Pick<Lineage, "uses">) {
  return (
    <section class="artifacts" data-testid="used-artifacts">
      <h2>
        Used artifacts <span class="muted number">{formatCount(uses.length)}</span>
      </h2>
      {uses.map(({ artifact, digest, run }) => (
        <p class="users" key={`${artifact} ${digest}`}>
          <b>{artifact}</b> <span class="muted">made by</span> {run ? <RunLink run={run} /> : <span class="muted">a run that is not here</span>}
        </p>
      ))}
    </section>
  );
}
