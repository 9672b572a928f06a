// The field that narrows a list by its text.

export interface SearchFieldProps {
  label: string;
  placeholder?: string;
  /** Whether `/` leads here: one field of a page. */
  main?: boolean;
  value: string;
  set(text: string): void;
}

export function SearchField({ label, placeholder = label, main = false, value, set }: SearchFieldProps) {
  return (
    <input
      type="search"
      class="search"
      data-search={main ? "main" : undefined}
      placeholder={placeholder}
      aria-label={label}
      value={value}
      onInput={(event) => set(event.currentTarget.value)}
    />
  );
}
