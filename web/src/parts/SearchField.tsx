// The field that narrows a list by its text.

export interface SearchFieldProps {
  label: string;
  placeholder?: string;
  /** Whether `/` leads here: one field of a page. */
  main?: boolean;
  value: string;
  set(text: string): void;
  /** What Enter does; with Shift it goes back. */
  onEnter?(back: boolean): void;
}

export function SearchField({ label, placeholder = label, main = false, value, set, onEnter }: SearchFieldProps) {
  return (
    <input
      type="search"
      class="search"
      data-search={main ? "main" : undefined}
      placeholder={placeholder}
      aria-label={label}
      value={value}
      onInput={(event) => set(event.currentTarget.value)}
      onKeyDown={(event) => event.key === "Enter" && onEnter?.(event.shiftKey)}
    />
  );
}
