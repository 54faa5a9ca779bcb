/** Small parts that every page uses. */

import type { ComponentChildren, TargetedKeyboardEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../runtime/messages";
import { Failure } from "../runtime/api";
import { tell } from "../runtime/notices";
import { Icon } from "./icon";

interface ButtonProps {
  children?: ComponentChildren;
  icon?: string;
  /** The only text of a button that shows an icon alone. */
  label?: string;
  look?: "plain" | "primary" | "danger" | "quiet";
  busy?: boolean;
  disabled?: boolean;
  submit?: boolean;
  onClick?: (event: MouseEvent) => void;
  hint?: string;
}

export function Button({ children, icon, label, look = "plain", busy, disabled, submit, onClick, hint }: ButtonProps) {
  const alone = children === undefined;
  return (
    <button
      type={submit ? "submit" : "button"}
      class={`button ${look}${alone ? " alone" : ""}`}
      disabled={disabled || busy}
      aria-busy={busy}
      aria-label={label}
      title={hint ?? (alone ? label : undefined)}
      onClick={onClick}
    >
      {busy ? <Spinner /> : icon !== undefined && <Icon name={icon} />}
      {children !== undefined && <span>{children}</span>}
    </button>
  );
}

export const Spinner = () => <span class="spinner" aria-hidden="true" />;

export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const copy = async (event: MouseEvent): Promise<void> => {
    event.preventDefault();
    event.stopPropagation();
    await navigator.clipboard.writeText(text);
    setDone(true);
    window.setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class="copy" aria-label={t("copy.label", { what })} title={t("copy.label", { what })} onClick={copy}>
      <Icon name={done ? "check" : "copy"} size={13} />
    </button>
  );
}

export function Problem({ failure, children }: { failure: Failure; children?: ComponentChildren }) {
  return (
    <div class="problem" role="alert">
      <Icon name="alert" />
      <div>
        <p>{sayFailure(failure)}</p>
        {failure.requestId !== "" && <p class="faint code">{failure.requestId}</p>}
        {children}
      </div>
    </div>
  );
}

/** What went wrong, for a person. */
export function sayFailure(failure: Failure): string {
  if (failure.status === 0) return t("failure.unreachable");
  if (failure.message !== "") return failure.message;
  return t("failure.status", { status: String(failure.status) });
}

/** Do something and tell the person if the cloud refuses it. Returns whether it was done. */
export async function attempt(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.status !== 401) tell(sayFailure(error), "bad", error.requestId);
    return false;
  }
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

export function Section({ title, aside, children }: { title: string; aside?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="section" aria-label={title}>
      <header class="section-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}

export function Bar({ used, limit, title, text }: { used: number; limit: number; title: string; text: string }) {
  const share = limit < 0 ? 0 : limit === 0 ? 1 : used / limit;
  const level = limit >= 0 && share >= 1 ? "full" : share >= 0.8 ? "high" : "";
  return (
    <div class="bar-row">
      <span class="bar-title">{title}</span>
      <div
        class={`bar ${level}`}
        role="meter"
        aria-label={title}
        aria-valuenow={used}
        aria-valuemin={0}
        aria-valuemax={limit < 0 ? Math.max(used, 1) : Math.max(limit, used)}
        aria-valuetext={text}
      >
        <span style={{ width: `${Math.min(100, Math.max(share * 100, used > 0 ? 1.5 : 0))}%` }} />
      </div>
      <span class="bar-text">{text}</span>
    </div>
  );
}

interface DialogProps {
  title: string;
  children: ComponentChildren;
  onClose: () => void;
  wide?: boolean;
}

/** A window above the page; the browser keeps the focus in it. */
export function Dialog({ title, children, onClose, wide }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  const outside = (event: MouseEvent): void => {
    if (event.target === dialog.current) onClose();
  };
  return (
    <dialog
      ref={dialog}
      class={`dialog${wide ? " wide" : ""}`}
      aria-label={title}
      onClick={outside}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <h2>{title}</h2>
          <Button icon="close" look="quiet" label={t("close")} onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}

export interface MenuItem {
  title: string;
  icon?: string;
  danger?: boolean;
  checked?: boolean;
  note?: string;
  onChoose: () => void;
  /** The menu stays open, as for boxes to tick. */
  stays?: boolean;
}

interface MenuProps {
  label: string;
  items: MenuItem[];
  /** What the button shows, if it is not an icon alone. */
  children?: ComponentChildren;
  icon?: string;
  side?: "left" | "right";
  look?: string;
}

/** A button with a list of things to do. */
export function Menu({ label, items, children, icon = "more", side = "right", look = "quiet" }: MenuProps) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const buttons = (): HTMLElement[] => [...(root.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];

  useEffect(() => {
    if (!open) return;
    place(root.current!, list.current!, side);
    buttons()[0]?.focus();
    const away = (event: Event): void => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    const moved = (event: Event): void => {
      if (event.target !== list.current) setOpen(false);
    };
    document.addEventListener("pointerdown", away, true);
    document.addEventListener("scroll", moved, true);
    window.addEventListener("resize", moved);
    return () => {
      document.removeEventListener("pointerdown", away, true);
      document.removeEventListener("scroll", moved, true);
      window.removeEventListener("resize", moved);
    };
  }, [open]);

  const close = (): void => {
    setOpen(false);
    root.current?.querySelector<HTMLElement>("button")?.focus();
  };
  const keys = (event: TargetedKeyboardEvent<HTMLDivElement>): void => {
    if (!open) return;
    const all = buttons();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
    if (event.key === "Escape" || event.key === "Tab") {
      if (event.key === "Escape") event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key in next) {
      event.preventDefault();
      event.stopPropagation();
      all[(next[event.key]! + all.length) % all.length]?.focus();
    }
  };
  return (
    <div class="menu" ref={root} onKeyDown={keys}>
      <button
        type="button"
        class={`button ${look}${children === undefined ? " alone" : ""}`}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={children === undefined ? label : undefined}
        title={label}
        onClick={() => setOpen(!open)}
      >
        {children ?? <Icon name={icon} />}
      </button>
      {open && (
        <div class="menu-list" role="menu" aria-label={label} ref={list} popover="manual">
          {items.map((item) => (
            <button
              key={item.title}
              type="button"
              role={item.checked === undefined ? "menuitem" : "menuitemcheckbox"}
              aria-checked={item.checked}
              tabIndex={-1}
              class={item.danger ? "danger" : ""}
              onClick={() => {
                if (!item.stays) close();
                item.onChoose();
              }}
            >
              <span class="menu-icon">
                {item.checked === undefined ? item.icon !== undefined && <Icon name={item.icon} /> : item.checked && <Icon name="check" />}
              </span>
              <span class="clip">{item.title}</span>
              {item.note !== undefined && <span class="faint">{item.note}</span>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

const GAP = 4;

/** Show a menu above everything, below its button, or above that where there is more room. */
function place(button: HTMLElement, list: HTMLElement, side: "left" | "right"): void {
  list.showPopover();
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = list;
  const left = side === "right" ? at.right - width : at.left;
  const below = at.bottom + GAP + height <= window.innerHeight || at.top < window.innerHeight - at.bottom;
  list.style.left = `${Math.max(GAP, Math.min(left, window.innerWidth - width - GAP))}px`;
  list.style.top = `${below ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height)}px`;
}
