// Below the bar while the server does not answer: what is the matter, and what to do.

import { SignIn } from "../parts/states";
import { session } from "../state/catalog";
import { connection } from "../state/live";

export function LostLine() {
  const { data, error } = session.state.value;
  if (connection.value !== "lost" || !error) return null;
  return (
    <div class="stale lost-line" role="alert">
      {error.status === 0 ? <Gone directory={data?.directory ?? null} /> : <span>{error.message}</span>}
      {error.status === 401 && <SignIn />}
    </div>
  );
}

function Gone({ directory }: { directory: string | null }) {
  return (
    <span>
      The server does not answer: what you see is as it was. If it has ended, start it again with{" "}
      <code>{directory === null ? "pluto server" : `pluto ui ${directory}`}</code>; runs go on recording meanwhile, and this page goes on by itself.
    </span>
  );
}
