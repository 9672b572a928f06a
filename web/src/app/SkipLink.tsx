// The first stop of the Tab key: past the bar and the list of runs, to the page.

export function SkipLink() {
  const skip = () => {
    const main = document.querySelector("main");
    main?.setAttribute("tabindex", "-1");
    main?.focus();
  };
  return (
    <button type="button" class="button skip" onClick={skip}>
      Skip to the page
    </button>
  );
}
