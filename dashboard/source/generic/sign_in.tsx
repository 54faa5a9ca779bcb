/** Sign in. It stands in the place of the page that was asked for, which is shown afterwards. */

import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../runtime/api";
import { t } from "../runtime/messages";
import { lastLogin, signIn, state } from "../runtime/session";
import { Button, sayFailure } from "../components/basics";
import { Mark } from "../components/icon";
import { LanguageMenu, ThemeButton } from "../components/preferences";

export function SignInPage() {
  const [domain, setDomain] = useState(lastLogin.peek().domain);
  const [user, setUser] = useState(lastLogin.peek().user);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  useEffect(() => (user === "" ? first : second).current?.focus(), []);

  const enter = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (user === "" || password === "") {
      setWrong(t("sign_in.missing"));
      return;
    }
    setBusy(true);
    setWrong("");
    try {
      await signIn({ domain, user, password });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setWrong(error.status === 401 ? t("sign_in.refused") : sayFailure(error));
      setBusy(false);
      second.current?.select();
    }
  };

  return (
    <div class="sign-in">
      <main class="sign-in-box">
        <div class="brand big"><Mark size={34} /><span>{t("brand")}</span></div>
        <h1 class="unseen">{t("sign_in.title")}</h1>
        {state.value === "lost" && <p class="sign-in-lost" role="status">{t("sign_in.lost")}</p>}
        <form onSubmit={(event) => void enter(event)} noValidate>
          <div class="input-row">
            <label for="domain">{t("sign_in.domain")}</label>
            <input id="domain" name="domain" autocomplete="organization" spellcheck={false} value={domain} onInput={(event) => setDomain(event.currentTarget.value)} />
          </div>
          <div class="input-row">
            <label for="user">{t("sign_in.user")}</label>
            <input ref={first} id="user" name="username" autocomplete="username" spellcheck={false} autocapitalize="none" value={user} onInput={(event) => setUser(event.currentTarget.value)} />
          </div>
          <div class="input-row">
            <label for="password">{t("sign_in.password")}</label>
            <input
              ref={second} id="password" name="password" type="password" autocomplete="current-password" value={password}
              aria-invalid={wrong !== "" ? true : undefined} aria-describedby={wrong !== "" ? "sign-in-wrong" : undefined}
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
          </div>
          {wrong !== "" && <p class="wrong" id="sign-in-wrong" role="alert">{wrong}</p>}
          <Button look="primary" submit busy={busy}>{t("sign_in.enter")}</Button>
        </form>
        <div class="sign-in-foot"><LanguageMenu /><ThemeButton /></div>
      </main>
    </div>
  );
}
