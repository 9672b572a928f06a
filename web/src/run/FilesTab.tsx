// The files of a run: artifacts with their versions, a list of all others, a preview of what a browser can show.

import { useState } from "preact/hooks";
import { fetchFiles } from "../api/client";
import type { FileRow, RunAnswer } from "../api/types";
import { formatBytes, formatCount, formatDate } from "../format";
import { Empty, ErrorPanel, Skeleton } from "../parts/states";
import { SearchField } from "../parts/SearchField";
import { textMatcher } from "../runs/filter";
import { Artifacts } from "./Artifacts";
import { artifactsOf, isArtifact } from "./artifacts";
import { Preview } from "./Preview";
import { useFetched } from "./useFetched";

/** Rows made at once; the search narrows longer lists. */
const MOST = 500;

export function FilesTab({ answer: { run, names } }: { answer: RunAnswer }) {
  const kept = names.filter((info) => info.type !== "METRIC").map((info) => info.count);
  const { data, error, retry } = useFetched(() => fetchFiles(run.id), [run.id, kept.join()]);
  const [search, setSearch] = useState("");
  const [picked, setPicked] = useState<string | null>(null);
  if (error && !data) return <ErrorPanel error={error} retry={retry} title="The files could not be listed" />;
  if (!data) return <Skeleton label="Loading files" />;
  const visible = data.filter((file) => file.fileType !== "mask");
  if (!visible.length) return <NoFiles />;
  const matches = textMatcher(search);
  const found = visible.filter((file) => matches(`${file.name} ${file.fileName} ${file.caption ?? ""}`));
  const artifacts = artifactsOf(found);
  const others = found.filter((one) => !isArtifact(one));
  const file = visible.find((item) => item.url === picked) ?? found[0];
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
          {artifacts.length > 0 && <Artifacts artifacts={artifacts} current={file} pick={setPicked} />}
          {others.length > 0 && <FileList files={others.slice(0, MOST)} more={others.length - MOST} current={file} pick={setPicked} />}
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

interface ListProps {
  files: readonly FileRow[];
  more: number;
  current: FileRow | undefined;
  pick(url: string): void;
}

function FileList({ files, more, current, pick }: ListProps) {
  return (
    <>
      <table>
        <thead>
          <tr>
            <th>Name</th>
            <th class="right">Step</th>
            <th class="right">Size</th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <tr key={file.url} class={file === current ? "cursor" : ""}>
              <td>
                <button type="button" class="link" title={file.fileName} onClick={() => pick(file.url)}>
                  {file.name}
                </button>
                <span class="muted"> {file.caption ?? file.fileType}</span>
              </td>
              <td class="number right" title={formatDate(file.time)}>
                {formatCount(file.step)}
              </td>
              <td class="number right" title={`${file.size} bytes`}>
                {formatBytes(file.size)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {more > 0 && <p class="muted">{formatCount(more)} more: search for them</p>}
    </>
  );
}
