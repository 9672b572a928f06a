// The pinned moment of a run, which all of its tabs show: step, time of day and time since the start.

import { formatClock, formatCount, formatDate, formatDuration } from "../format";
import { clock, clockError, moment, moveMoment, stepBesideMoment, unmark, type Moment } from "../state/moment";

export function MomentBar() {
  const at = moment.value;
  if (!at) return null;
  return (
    <div class="moment" role="toolbar" aria-label="Pinned moment" data-testid="moment">
      <span class="moment-step">
        <Arrow by={-1} label="Previous logged step" sign="‹" keyName="," />
        <output class="number">{at.step === null ? "no step yet" : `step ${formatCount(at.step)}`}</output>
        <Arrow by={1} label="Next logged step" sign="›" keyName="." />
      </span>
      <When at={at} />
      <span class="spacer" />
      <button type="button" class="icon" aria-label="Let the moment go" title="Let the moment go (Esc)" onClick={unmark}>
        ✕
      </button>
    </div>
  );
}

function When({ at: { time } }: { at: Moment }) {
  const known = clock.value;
  if (clockError.value) return <span class="error">time unknown: {clockError.value.message}</span>;
  if (!known) return null;
  if (time === null) return <span class="muted">{known.steps.length > 0 && "outside the steps that this run logged"}</span>;
  const elapsed = time - known.start;
  return (
    <>
      <time class="number" title={formatDate(time)}>
        {formatClock(time)}
      </time>
      <span class="muted number" title={`${Math.round(elapsed)} ms after the start`}>
        after {formatDuration(elapsed)}
      </span>
    </>
  );
}

function Arrow({ by, label, sign, keyName }: { by: 1 | -1; label: string; sign: string; keyName: string }) {
  return (
    <button
      type="button"
      class="icon"
      aria-label={label}
      title={`${label} (${keyName})`}
      disabled={stepBesideMoment(by) === null}
      onClick={() => moveMoment(by)}
    >
      {sign}
    </button>
  );
}
