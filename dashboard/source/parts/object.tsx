/** One object of a container. */

import { useEffect, useState } from "preact/hooks";
import { Failure } from "../runtime/api";
import { bytes } from "../runtime/formats";
import { t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import { download, headers, maySign, mayWrite, preview, previewed, temporaryLink, type Preview } from "../runtime/objects";
import { go } from "../runtime/router";
import { attempt, Button, Copy, Empty, Problem, Section } from "../components/basics";
import { Age } from "../components/value";
import { RemoveEntries, Trail } from "./folder";

const DAY = 86_400;
const META = "x-object-meta-";

/** A link that anybody may use for a day, into the clipboard. */
export async function copyLink(container: string, name: string): Promise<void> {
  await navigator.clipboard.writeText(await temporaryLink(container, name, DAY));
  tell(t("objects.copied"));
}

export function StoredObject({ container, name }: { container: string; name: string }) {
  const [known, setKnown] = useState<Headers | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [removing, setRemoving] = useState(false);
  useEffect(() => {
    headers(container, name).then(setKnown, (error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      setFailure(error);
    });
  }, []);
  const folder = name.slice(0, name.lastIndexOf("/") + 1);
  const above = `/objects/${encodeURIComponent(container)}${folder === "" ? "" : `/${encodeURIComponent(folder)}`}`;
  if (failure !== null && failure.status !== 404) return <div class="page"><Problem failure={failure} /></div>;
  if (failure !== null) return <div class="page"><Empty title={t("detail.gone")}><a class="button" href={above}>{t("objects.title")}</a></Empty></div>;
  if (known === null) return <div class="page loading" aria-busy="true" />;

  const size = Number(known.get("Content-Length") ?? 0);
  const changed = new Date(known.get("Last-Modified") ?? 0).toISOString();
  const expires = known.get("X-Delete-At");
  const metadata = [...known.entries()].filter(([key]) => key.startsWith(META)).map(([key, value]) => [key.slice(META.length), value] as const);
  const etag = (known.get("ETag") ?? "").replace(/"/g, "");
  return (
    <div class="page">
      <Trail container={container} name={name} />
      <header class="page-head detail-head">
        <h1 class="clip"><bdi>{name.slice(folder.length)}</bdi></h1>
        <span class="space" />
        <Button icon="download" onClick={() => void attempt(() => download(container, name, size))}>{t("objects.download")}</Button>
        {maySign() && <Button icon="copy" hint={t("objects.copy_link.help")} onClick={() => void attempt(() => copyLink(container, name))}>{t("objects.copy_link")}</Button>}
        {mayWrite() && <Button look="danger" icon="trash" onClick={() => setRemoving(true)}>{t("action.delete")}</Button>}
      </header>
      <Section title={t("detail.facts")}>
        <dl class="facts">
          <div class="fact"><dt>{t("objects.full_name")}</dt><dd><bdi>{name}</bdi><Copy text={name} what={t("objects.full_name")} /></dd></div>
          <div class="fact"><dt>{t("field.size")}</dt><dd class="number">{bytes(size)}</dd></div>
          <div class="fact"><dt>{t("field.type")}</dt><dd><bdi>{known.get("Content-Type")}</bdi></dd></div>
          <div class="fact"><dt>{t("field.updated_at")}</dt><dd><Age text={changed} /></dd></div>
          <div class="fact"><dt>{t("objects.etag")}</dt><dd class="code"><bdi>{etag}</bdi></dd></div>
          {expires !== null && <div class="fact"><dt>{t("objects.expires")}</dt><dd><Age text={new Date(Number(expires) * 1000).toISOString()} /></dd></div>}
          {metadata.map(([key, value]) => <div class="fact" key={key}><dt><bdi>{key}</bdi></dt><dd><bdi>{value}</bdi></dd></div>)}
        </dl>
      </Section>
      <Shown container={container} name={name} type={known.get("Content-Type") ?? ""} size={size} />
      {removing && (
        <RemoveEntries
          container={container} found={[{ name, hash: etag, bytes: size, content_type: "", last_modified: changed, ...(known.has("X-Static-Large-Object") ? { slo_etag: etag } : {}) }]}
          onClose={() => setRemoving(false)} onDone={() => go(above, { replace: true })}
        />
      )}
    </div>
  );
}

/** What is in the object, where a browser can show it without running it. */
function Shown({ container, name, type, size }: { container: string; name: string; type: string; size: number }) {
  const [shown, setShown] = useState<Preview | null>(null);
  const kind = previewed(type, size);
  useEffect(() => {
    let ended = false;
    preview(container, name, type, size).then(
      (found) => !ended && setShown(found),
      (error: unknown) => {
        if (!(error instanceof Failure)) throw error;
      },
    );
    return () => {
      ended = true;
    };
  }, [container, name]);
  if (kind === null || shown === null) return null;
  return (
    <Section title={t("objects.preview")}>
      {shown.kind === "image" ? (
        <img class="preview" src={shown.address} alt={t("objects.preview.of", { name })} />
      ) : (
        <>
          <pre class="log" tabIndex={0} aria-label={t("objects.preview.of", { name })}>{shown.text}</pre>
          {!shown.whole && <p class="faint">{t("objects.preview.part")}</p>}
        </>
      )}
    </Section>
  );
}
