import { t } from "../runtime/messages";
import { Empty } from "../components/basics";

export function NoPage() {
  return (
    <div class="page">
      <Empty title={t("none.title")}>
        <p class="faint">{t("none.text")}</p>
        <a class="button" href="/">{t("overview.title")}</a>
      </Empty>
    </div>
  );
}
