// The page for the place that the URL names.

import { DeletedRuns } from "../runs/DeletedRuns";
import { CursorNews } from "../runs/CursorNews";
import { place } from "../state/route";
import { ConflictLine } from "./ConflictLine";
import { Help } from "./Help";
import { LostLine } from "./LostLine";
import { Palette } from "./Palette";
import { Projects } from "./Projects";
import { SkipLink } from "./SkipLink";
import { ToastLine } from "./ToastLine";
import { TopBar } from "./TopBar";
import { Workspace } from "./Workspace";

export function App() {
  const { project } = place.value;
  return (
    <>
      <SkipLink />
      <TopBar />
      <LostLine />
      <ConflictLine />
      {project === null ? <Projects /> : <Workspace key={project} />}
      <ToastLine />
      <Help />
      <DeletedRuns />
      <Palette />
      <CursorNews />
    </>
  );
}
