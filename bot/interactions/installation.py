"""How Encore is installed: its owner, permissions, invitations, and what hinders it.

The README has the same links and permissions; a test holds the two together.
"""

from collections.abc import Iterator

import discord

PERMISSIONS = discord.Permissions(
    view_channel=True,
    read_message_history=True,
    send_messages=True,
    send_messages_in_threads=True,
    create_public_threads=True,
    embed_links=True,
    attach_files=True,
)
COMMANDS_SCOPE = "applications.commands"
USER_INSTALL = 1  # Discord's number of this kind of installation


def guild_invite(application_id: int | str) -> str:
    """Return the link by which a moderator adds Encore to a server."""
    scopes = ("bot", COMMANDS_SCOPE)
    return discord.utils.oauth_url(application_id, permissions=PERMISSIONS, scopes=scopes)


def user_invite(application_id: int | str) -> str:
    """Return the link by which members install Encore for themselves."""
    link = discord.utils.oauth_url(application_id, scopes=(COMMANDS_SCOPE,))
    return f"{link}&integration_type={USER_INSTALL}"


def owner_name(application: discord.AppInfo) -> str:
    """Return the name by which members find the owner of an application, or of its team."""
    team = application.team
    if team is None:
        return f"@{application.owner.name}"
    return f"@{team.owner.name}" if team.owner is not None else team.name


def installation_problems(application: discord.AppInfo) -> Iterator[str]:
    """Yield for each setting in the developer portal that hinders Encore what to do about it."""
    contexts = {
        "Guild Install": application.guild_integration_config,
        "User Install": application.user_integration_config,
    }
    missing = [f"*{name}*" for name, config in contexts.items() if config is None]
    if missing:
        yield f"tick {' and '.join(missing)} in the developer portal under *Installation*."
    if application.interactions_endpoint_url:
        yield (
            "no command or button reaches Encore: in the developer portal under "
            "*General Information* clear the *Interactions Endpoint URL*."
        )
