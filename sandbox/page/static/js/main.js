// Brings the parts of the page together.

import { startComposer } from "./composer/composer.js";
import { startHint } from "./hint.js";
import { startMessages } from "./messages.js";
import { startNotifications } from "./notifications.js";
import { startPanel } from "./panel/panel.js";
import { startSidebar } from "./sidebar.js";
import { connect } from "./socket.js";
import { emit, store } from "./store.js";
import { startTheme } from "./theme.js";
import { startTicking } from "./times.js";
import { startTyping } from "./typing.js";

startTheme(() => store.guild && emit("facts"));
startSidebar();
startMessages();
startComposer();
startHint();
startTyping();
startNotifications();
startPanel();
startTicking();
connect();
