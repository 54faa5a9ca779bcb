/** The screen of a server in the page: noVNC's core, which the cloud serves beside the dashboard. */

import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { compute } from "../../generated/types";
import { t } from "../runtime/messages";
import { Button, Dialog, Section } from "../components/basics";

/** What of noVNC's RFB is used. */
interface Rfb extends EventTarget {
  scaleViewport: boolean;
  background: string;
  focus(): void;
  disconnect(): void;
  sendCtrlAltDel(): void;
  sendKey(keysym: number, code: string | null, down?: boolean): void;
}
type RfbClass = new (target: Element, address: string) => Rfb;

/** Where noVNC's core is. Not bundled: `make install` puts it beside the dashboard, and few people open a screen. */
const CORE = "/novnc/core/rfb.js";

interface Opened {
  server: string;
  /** The page of noVNC itself. */
  page: string;
}

const opened = signal<Opened | null>(null);

/** Show the screen at which the cloud has let the caller in. The page's own origin serves it, whatever name the cloud has. */
export function openScreen(server: string, answer: unknown): void {
  const found = new URL((answer as { remote_console: { url: string } }).remote_console.url);
  opened.value = { server, page: found.pathname + found.search };
}

/** `ws://…` of the stream that noVNC's page would open. */
function stream(page: string): string {
  const path = new URLSearchParams(page.split("?")[1] ?? "").get("path") ?? "";
  const address = new URL(`/${path}`, window.location.origin);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return address.href;
}

const RETURN = 0xff0d;
const TAB = 0xff09;
const SHIFT = 0xffe1;
/** Milliseconds between keys, so that a slow guest loses none. */
const BETWEEN = 8;

/** The keys of X11 that write a character. */
function keysym(character: string): number {
  if (character === "\n") return RETURN;
  if (character === "\t") return TAB;
  const code = character.codePointAt(0)!;
  return code < 0x100 ? code : 0x01000000 + code;
}

const SHIFTED = /[A-Z~!@#$%^&*()_+{}|:"<>?]/;

/** Type a text as if by hand: a screen has no clipboard that a login prompt would read. */
async function type(rfb: Rfb, text: string): Promise<void> {
  for (const character of text.replace(/\r\n?/g, "\n")) {
    const shifted = SHIFTED.test(character);
    if (shifted) rfb.sendKey(SHIFT, null, true);
    rfb.sendKey(keysym(character), null);
    if (shifted) rfb.sendKey(SHIFT, null, false);
    await new Promise((resolve) => window.setTimeout(resolve, BETWEEN));
  }
}

export function Screen({ row }: { row: compute.ServersServer }) {
  const shown = opened.value;
  if (shown === null || shown.server !== row.id) return null;
  return <Shown key={shown.page} page={shown.page} name={row.name} />;
}

function Shown({ page, name }: { page: string; name: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const place = useRef<HTMLDivElement>(null);
  const rfb = useRef<Rfb | null>(null);
  const [state, setState] = useState<"connecting" | "open" | "ended" | "absent">("connecting");
  const [pasting, setPasting] = useState(false);

  useEffect(() => {
    let ended = false;
    const begin = async (): Promise<void> => {
      const core = (await import(CORE)) as { default: RfbClass };
      if (ended) return;
      const made = new core.default(place.current!, stream(page));
      made.scaleViewport = true;
      made.background = "transparent";
      made.addEventListener("connect", () => {
        setState("open");
        made.focus();
      });
      made.addEventListener("disconnect", () => setState("ended"));
      rfb.current = made;
    };
    begin().catch(() => setState("absent"));
    frame.current?.scrollIntoView({ block: "nearest" });
    return () => {
      ended = true;
      rfb.current?.disconnect();
      rfb.current = null;
    };
  }, []);

  const paste = async (text: string): Promise<void> => {
    setPasting(false);
    if (rfb.current === null) return;
    await type(rfb.current, text);
    rfb.current.focus();
  };
  const open = state === "open";
  return (
    <Section
      title={t("servers.screen")}
      aside={
        <span class="screen-tools">
          <Button look="quiet" disabled={!open} onClick={() => void frame.current?.requestFullscreen()}>{t("servers.screen.full")}</Button>
          <Button look="quiet" disabled={!open} onClick={() => setPasting(true)}>{t("servers.screen.paste")}</Button>
          <Button look="quiet" disabled={!open} onClick={() => rfb.current?.sendCtrlAltDel()}>{t("servers.screen.keys")}</Button>
          <a class="button quiet" href={page} target="_blank" rel="noopener noreferrer">{t("servers.screen.window")}</a>
          <Button icon="close" look="quiet" label={t("close")} onClick={() => (opened.value = null)} />
        </span>
      }
    >
      <p class="faint" role="status">{t(`servers.screen.${state}`)}</p>
      <div class="screen" ref={frame}>
        <div class="screen-place" ref={place} role="application" aria-label={t("servers.screen.of", { name })} />
      </div>
      <p class="faint">{t("servers.screen.layout")}</p>
      {pasting && <Paste onClose={() => setPasting(false)} onPaste={(text) => void paste(text)} />}
    </Section>
  );
}

function Paste({ onClose, onPaste }: { onClose: () => void; onPaste: (text: string) => void }) {
  const [text, setText] = useState("");
  return (
    <Dialog title={t("servers.screen.paste")} onClose={onClose}>
      <form onSubmit={(event) => {
        event.preventDefault();
        onPaste(text);
      }}>
        <div class="input-row">
          <label for="screen-text">{t("servers.screen.text")}</label>
          <textarea id="screen-text" rows={6} spellcheck={false} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          <p class="help">{t("servers.screen.text.help")}</p>
        </div>
        <footer class="dialog-foot">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" submit>{t("servers.screen.type")}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
