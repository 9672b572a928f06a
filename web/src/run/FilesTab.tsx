// The files of a run: artifacts with their versions, all others in their folders, a preview of what a browser can show.

import { useState } from "preact/hooks";
import { fetchFiles, fetchLineage } from "../api/client";
import type { Lineage, RunAnswer } from "../api/types";
import { formatBytes, formatCount } from "../format";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { SearchField } from "../parts/SearchField";
import { textMatcher } from "../runs/filter";
import { Artifacts, UsedArtifacts } from "./Artifacts";
import { artifactsOf, isArtifact } from "./artifacts";
import { FileTree } from "./FileTree";
import { treeOf } from "./folders";
import { Preview } from "./Preview";
import { useFetched } from "./useFetched";

/** Up to so many files all folders are open at first. */
const FEW = 100;
/** Files made at once of what a search found, whose folders are all open. */
const MOST_FOUND = 500;
const NO_LINEAGE: Lineage = { uses: [], usedBy: [], unread: 0 };

export function FilesTab({ answer: { run, names } }: { answer: RunAnswer }) {
  const kept = names.filter((info) => info.type !== "METRIC").map((info) => info.count);
  const { data, error, retry } = useFetched(() => fetchFiles(run.id), [run.id, kept.join()]);
  const family = useFetched(() => fetchLineage(run.id), [run.id, run.updatedAt]);
  const [search, setSearch] = useState("");
  const [picked, setPicked] = useState<string | null>(null);
  if (error && !data) return <ErrorPanel error={error} retry={retry} title="The files could not be listed" />;
  if (!data) return <Skeleton label="Loading files" />;
  const visible = data.filter((file) => file.fileType !== "mask");
  const lineage = family.data ?? NO_LINEAGE;
  if (!visible.length && !lineage.uses.length) return <NoFiles />;
  const matches = textMatcher(search);
  const found = visible.filter((file) => matches(`${file.name} ${file.fileName} ${file.caption ?? ""}`));
  const artifacts = artifactsOf(found);
  const others = found.filter((one) => !isArtifact(one));
  const file = visible.find((item) => item.url === picked) ?? found[0];
  const searched = search.trim() !== "";
  const shared = { searched, current: file, pick: setPicked };
  return (
    <div class="files-page" data-testid="files">
      <div class="toolbar">
        <SearchField main label="Search files" placeholder="Search files  /" value={search} set={setSearch} />
        <span class="muted number">
          {formatCount(found.length)} {found.length === 1 ? "file" : "files"}, {formatBytes(found.reduce((sum, item) => sum + item.size, 0))}
        </span>
      </div>
      <div class="files-split">
        <div class="file-list">
          {family.error && <ErrorPanel error={family.error} retry={family.retry} title="Who used the artifacts could not be loaded" />}
          {lineage.uses.length > 0 && <UsedArtifacts uses={lineage.uses} />}
          {artifacts.length > 0 && <Artifacts artifacts={artifacts} lineage={lineage} {...shared} />}
          {others.length > 0 && (
            <FileTree id="" folder={treeOf(searched ? others.slice(0, MOST_FOUND) : others, (one) => one.name)} atFirst={others.length <= FEW} steps {...shared} />
          )}
          {searched && others.length > MOST_FOUND && <p class="muted">{formatCount(others.length - MOST_FOUND)} more: search for them</p>}
          {!found.length && searched && <p class="muted">No file matches “{search}”.</p>}
        </div>
        {file && <Preview key={file.url} file={file} />}
      </div>
    </div>
  );
}

function NoFiles() {
  return (
    <Empty title="No files">
      <p>
        Log one with <code>run.log({"{"}"weights": pluto.Artifact("model.pt"){"}"})</code>.
      </p>
    </Empty>
  );
}
