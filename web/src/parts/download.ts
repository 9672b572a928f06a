// Hands a file made in the page to the browser.

export function download(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser has begun to read it once the click returns; a later task may let go of it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
