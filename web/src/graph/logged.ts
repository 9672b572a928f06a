// A graph that was logged as a value: nodes with attributes, and edges between them; none stands in another.

import { exactValue, formatValue } from "../format";
import { object, type Json, type Part } from "./tree";

interface Edge {
  source: string;
  target: string;
  attributes: Json;
}

/** The payload `{nodes: {name: attributes}, edges: [{source, target, attributes}]}`; null when it is something else or empty. */
export function readLogged(data: unknown): { nodes: Part[]; edges: number } | null {
  const { nodes, edges } = object(data);
  const names = Object.keys(object(nodes));
  if (!names.length) return null;
  const list = Array.isArray(edges) ? edges.map(edgeOf) : [];
  const into = new Map<string, Edge[]>();
  for (const edge of list) into.set(edge.target, [...(into.get(edge.target) ?? []), edge]);
  return { nodes: names.map((name) => nodeOf(name, object(object(nodes)[name]), into.get(name) ?? [])), edges: list.length };
}

function edgeOf(edge: unknown): Edge {
  const { source, target, attributes } = object(edge);
  return { source: String(source), target: String(target), attributes: object(attributes) };
}

function nodeOf(name: string, { type, ...attributes }: Json, edges: readonly Edge[]): Part {
  const own = Object.entries(attributes).map(([key, value]) => [key, exactValue(value)] as [string, string]);
  const ofEdges = edges.flatMap(({ source, attributes: known }) => {
    const text = inWords(known);
    return text ? [[`from ${source}`, text] as [string, string]] : [];
  });
  return {
    path: name,
    name,
    type: type === undefined ? inWords(attributes) : formatValue(type),
    shapes: [],
    parameters: 0,
    order: null,
    inputs: [],
    sources: edges.map(({ source }) => source),
    parts: [],
    facts: [...own, ...ofEdges],
  };
}

function inWords(attributes: Json): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key} ${formatValue(value)}`)
    .join(", ");
}
