"""Sets the password of a user in `clouds.yaml` without the API, so it works when nobody can log in."""

from kumoi import app
from kumoi.cli import clouds, running
from kumoi.cli.refusals import Refused
from kumoi.kernel import randomness
from kumoi.kernel.errors import NotFound
from kumoi.kernel.settings import Folder, Settings
from kumoi.services.identity import facade


def reset(folder: Folder, settings: Settings, user: str) -> None:
    """Write it to the tables, then to clouds.yaml; the user's tokens end. Refused when there is no such user."""
    secrets = clouds.passwords(folder.clouds)
    if user not in secrets:
        raise Refused(f"--user {user}: clouds.yaml has {', '.join(clouds.USERS)}")
    secret = randomness.new_secret(16)
    digest = facade.hash_password(secret, settings.password_rounds)
    _, _, database = app.open_cloud(folder.data)
    try:
        database.write(lambda tx: facade.reset_password(tx, user, digest))
    except NotFound as error:
        raise Refused(f"--user {user}: {error.message}") from None
    finally:
        database.close()
        running.give_all(folder.database)
    clouds.write(folder, settings, {**secrets, user: secret})
