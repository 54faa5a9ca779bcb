/** A table of any number of rows: only those in sight are in the page. */

import type { Signal } from "@preact/signals";
import { useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { t } from "../runtime/messages";
import { go } from "../runtime/router";
import { pageOf, type Field, type Resource, type Row } from "../runtime/resource";
import { Icon } from "./icon";
import { titleOf, Value } from "./value";
import type { ComponentChildren, TargetedKeyboardEvent } from "preact";

const ROW = 36;
const BEYOND = 10;
const NARROWEST = 110;

interface TableProps {
  resource: Resource;
  rows: Row[];
  columns: Field<Row>[];
  sort: string;
  onSort?: (sort: string) => void;
  chosen: Signal<ReadonlySet<string>>;
  /** The menu at the end of a row. */
  menu?: (row: Row) => ComponentChildren;
  label: string;
  /** All rows at once, in a page with other things. */
  whole?: boolean;
}

export function Table({ resource, rows, columns, sort, onSort, chosen, menu, label, whole = false }: TableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const first = useSignal(0);
  const [height, setHeight] = useState(900);
  const [width, setWidth] = useState(1200);
  const [active, setActive] = useState(-1);
  const anchor = useRef(-1);
  const choosable = menu !== undefined;

  useLayoutEffect(() => {
    const box = scroller.current!;
    const watch = new ResizeObserver(() => {
      setHeight(box.clientHeight);
      setWidth(box.clientWidth);
    });
    watch.observe(box);
    return () => watch.disconnect();
  }, []);

  useEffect(() => {
    if (whole) return;
    const listen = (event: KeyboardEvent): void => {
      const held = document.activeElement;
      const free = held === null || held === document.body || held.id === "main";
      if (!free || !["j", "k", "ArrowDown", "ArrowUp"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      scroller.current?.focus({ preventScroll: true });
      setActive(0);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [whole]);

  const scrolled = (): void => {
    first.value = Math.max(0, Math.floor(scroller.current!.scrollTop / ROW) - BEYOND);
  };
  useSignalEffect(() => void first.value);

  const shown = useMemo(() => fitting(columns, width - (choosable ? 80 : 16)), [columns, width, choosable]);
  const template = useMemo(() => {
    const tracks = shown.map((column, at) => `minmax(${least(column, width)}px, ${at === 0 ? 2 : 1}fr)`);
    return choosable ? `36px ${tracks.join(" ")} 44px` : tracks.join(" ");
  }, [shown, choosable, width]);

  const from = whole ? 0 : Math.min(first.value, Math.max(0, rows.length - 1));
  const until = whole ? rows.length : Math.min(rows.length, from + Math.ceil(height / ROW) + 2 * BEYOND);
  const all = chosen.value;
  const everyChosen = rows.length > 0 && all.size >= rows.length && rows.every((row) => all.has(resource.id(row)));

  const choose = (at: number, extend: boolean): void => {
    const next = new Set(all);
    const id = resource.id(rows[at]!);
    const on = !next.has(id);
    if (extend && anchor.current >= 0) {
      const [low, high] = [Math.min(anchor.current, at), Math.max(anchor.current, at)];
      for (const row of rows.slice(low, high + 1)) next.add(resource.id(row));
    } else if (on) next.add(id);
    else next.delete(id);
    anchor.current = at;
    chosen.value = next;
  };

  const move = (to: number): void => {
    const at = Math.max(0, Math.min(rows.length - 1, to));
    setActive(at);
    const box = scroller.current!;
    const top = at * ROW;
    const visible = box.clientHeight - 2 * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top > box.scrollTop + visible) box.scrollTop = top - visible;
  };

  const keys = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(height / ROW) - 2);
    const moves: Record<string, number> = {
      ArrowDown: active + 1, j: active + 1, ArrowUp: active - 1, k: active - 1,
      PageDown: active + page, PageUp: active - page, Home: 0, End: rows.length - 1,
    };
    if (event.key in moves) {
      event.preventDefault();
      move(moves[event.key]!);
      if (event.shiftKey && choosable && rows[active]) choose(Math.max(0, Math.min(rows.length - 1, moves[event.key]!)), true);
    } else if (event.key === "Enter" && rows[active]) {
      event.preventDefault();
      go(pageOf(resource, resource.id(rows[active]!)));
    } else if ((event.key === "x" || event.key === " ") && choosable && rows[active]) {
      event.preventDefault();
      choose(active, event.shiftKey);
    }
  };

  const click = (event: MouseEvent, row: Row): void => {
    const inside = event.target as Element;
    if (inside.closest("a, button, input, label, [role=menu]") || String(getSelection()) !== "") return;
    if (event.metaKey || event.ctrlKey) window.open(pageOf(resource, resource.id(row)), "_blank", "noopener");
    else go(pageOf(resource, resource.id(row)));
  };

  const body = [];
  for (let at = from; at < until; at += 1) {
    const row = rows[at]!;
    const id = resource.id(row);
    body.push(
      <div
        key={id}
        id={`row-${id}`}
        role="row"
        aria-rowindex={at + 2}
        aria-selected={choosable ? all.has(id) : undefined}
        class={`table-row${at === active ? " active" : ""}${all.has(id) ? " chosen" : ""}`}
        style={{ transform: `translateY(${at * ROW}px)`, gridTemplateColumns: template }}
        onClick={(event) => click(event, row)}
      >
        {choosable && (
          <div role="gridcell"><label class="table-check">
            <input
              type="checkbox"
              checked={all.has(id)}
              tabIndex={-1}
              aria-label={t("list.choose", { name: resource.title(row) || id })}
              onClick={(event) => {
                event.preventDefault();
                choose(at, event.shiftKey);
              }}
            />
          </label></div>
        )}
        {shown.map((column, place) => (
          <div key={column.name} role="gridcell" class={`cell ${column.kind ?? "text"}`}>
            {place === 0 && column.kind === undefined && column.show === undefined ? (
              <a class="row-link clip" href={pageOf(resource, id)} tabIndex={-1}>
                <bdi>{resource.title(row) || id}</bdi>
              </a>
            ) : (
              <Value field={column} row={row} resource={resource} inList />
            )}
          </div>
        ))}
        {choosable && <div role="gridcell" class="table-menu">{menu(row)}</div>}
      </div>,
    );
  }

  return (
    <div
      ref={scroller}
      class={`table${whole ? " whole" : ""}`}
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-multiselectable={choosable}
      aria-activedescendant={rows[active] ? `row-${resource.id(rows[active]!)}` : undefined}
      tabIndex={0}
      onScroll={scrolled}
      onKeyDown={keys}
    >
      <div role="rowgroup" class="table-headgroup">
        <div class="table-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }}>
          {choosable && (
            <div role="columnheader"><label class="table-check">
              <input
                type="checkbox"
                checked={everyChosen}
                aria-label={t("list.choose_all")}
                onClick={(event) => {
                  event.preventDefault();
                  chosen.value = everyChosen ? new Set() : new Set(rows.map(resource.id));
                }}
              />
            </label></div>
          )}
          {shown.map((column) => (
            <HeadCell key={column.name} title={titleOf(resource, column)} name={column.name} kind={column.kind ?? "text"} sort={sort} onSort={onSort} />
          ))}
          {choosable && <div role="columnheader"><span class="unseen">{t("list.actions")}</span></div>}
        </div>
      </div>
      <div role="rowgroup" class="table-body" style={{ height: `${rows.length * ROW}px` }}>
        {body}
      </div>
    </div>
  );
}

interface HeadProps {
  title: string;
  name: string;
  kind: string;
  sort: string;
  onSort: ((sort: string) => void) | undefined;
}

function HeadCell({ title, name, kind, sort, onSort }: HeadProps) {
  const down = sort === `-${name}`;
  const up = sort === name;
  const state = up ? "ascending" : down ? "descending" : "none";
  if (onSort === undefined) return <div role="columnheader" class={`cell ${kind}`}>{title}</div>;
  return (
    <div role="columnheader" class={`cell ${kind}`} aria-sort={state}>
      <button type="button" class="sort" onClick={() => onSort(up ? `-${name}` : name)}>
        <span class="clip">{title}</span>
        {(up || down) && <Icon name={up ? "up" : "down"} size={12} />}
      </button>
    </div>
  );
}

const PHONE = 520;

/** The least width of a column in pixels. On a narrow screen two columns matter more than whole texts. */
function least(column: Field<Row>, width: number): number {
  const wanted = Number.parseInt(column.width ?? "", 10) || NARROWEST;
  return width < PHONE ? Math.min(wanted, NARROWEST) : wanted;
}

/** The columns that there is room for; the last ones give way. */
function fitting(columns: Field<Row>[], width: number): Field<Row>[] {
  const found: Field<Row>[] = [];
  let left = width;
  for (const column of columns) {
    left -= least(column, width);
    if (found.length > 0 && left < 0) break;
    found.push(column);
  }
  return found;
}
