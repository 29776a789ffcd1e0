"""The ``resolved`` data of an interaction: the users, roles, channels and files that it names."""

import dataclasses

from sandbox.discord import guild_payloads, messages, payloads, permissions
from sandbox.discord.errors import NotPossibleError
from sandbox.discord.models import Channel, Role, Upload, User
from sandbox.discord.protocol import ComponentType, JsonObject
from sandbox.discord.state import DiscordState

Entity = User | Role | Channel
# what each kind of select menu without options of its own offers
SELECTED_TYPES: dict[int, tuple[type[Entity], ...]] = {
    ComponentType.USER_SELECT: (User,),
    ComponentType.ROLE_SELECT: (Role,),
    ComponentType.MENTIONABLE_SELECT: (User, Role),
    ComponentType.CHANNEL_SELECT: (Channel,),
}


@dataclasses.dataclass(slots=True)
class Resolved:
    """Collects the ``payload`` for an interaction in ``channel``."""

    state: DiscordState
    channel: Channel
    payload: JsonObject = dataclasses.field(default_factory=JsonObject)

    def add(self, entity: Entity) -> str:
        """Add a user, role or channel; return its id."""
        if isinstance(entity, User):
            self._add("users", entity.id, payloads.user(entity))
            guild = self.channel.guild
            if guild is not None and entity.id in guild.members:
                member = payloads.partial_member(guild.members[entity.id])
                may = str(permissions.in_channel(self.channel, entity))
                self._add("members", entity.id, member | {"permissions": may})
        elif isinstance(entity, Role):
            self._add("roles", entity.id, guild_payloads.role(entity))
        else:
            partial = payloads.channel(entity) | {"permissions": str(permissions.DM_PERMISSIONS)}
            self._add("channels", entity.id, partial)
        return str(entity.id)

    def add_file(self, file: Upload) -> str:
        """Store ``file`` and add it; return its id."""
        stored = messages.store_file(self.state, self.channel, file, ephemeral=True)
        self._add("attachments", stored.id, payloads.attachment(stored))
        return str(stored.id)

    def add_selected(self, component: JsonObject, values: list[object]) -> list[str]:
        """Add what was chosen in a select menu, given as objects or ids; return the ids.

        Raises:
            NotPossibleError: the menu does not offer one of ``values``.
        """
        offered = SELECTED_TYPES[component["type"]]
        entities = [self._find(each) if isinstance(each, str) else each for each in values]
        types = component.get("channel_types")
        chosen = [
            each
            for each in entities
            if isinstance(each, offered)
            and (not types or not isinstance(each, Channel) or each.type in types)
        ]
        if len(chosen) < len(entities):
            raise NotPossibleError(f"{component['custom_id']!r} does not offer that")
        return [self.add(each) for each in chosen]

    def _find(self, number: str) -> Entity | None:
        key = int(number) if number.isdigit() else 0
        roles = self.channel.guild.roles if self.channel.guild else {}
        return self.state.users.get(key) or roles.get(key) or self.state.channels.get(key)

    def _add(self, kind: str, number: int, payload: JsonObject) -> None:
        self.payload.setdefault(kind, {})[str(number)] = payload
