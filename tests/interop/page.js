// Runs in Chromium: the official chat client with everything it reports written down, so that Node can ask for it.
import { ChatClient } from "@azure/communication-chat";
import { AzureCommunicationTokenCredential } from "@azure/communication-common";

const EVENTS = [
  "chatMessageReceived",
  "chatMessageEdited",
  "chatMessageDeleted",
  "typingIndicatorReceived",
  "readReceiptReceived",
  "chatThreadCreated",
  "chatThreadPropertiesUpdated",
  "chatThreadDeleted",
  "participantsAdded",
  "participantsRemoved",
  "realTimeNotificationConnected",
  "realTimeNotificationDisconnected",
];

const open = new Map();

function matches(value, wanted) {
  if (wanted === null || typeof wanted !== "object") return value === wanted;
  return Object.entries(wanted).every(([key, part]) => matches(value?.[key], part));
}

window.interop = {
  async open(name, endpoint, token) {
    const client = new ChatClient(endpoint, new AzureCommunicationTokenCredential(token));
    const log = [];
    const waiting = new Set();
    // The client takes subscriptions only once this was called; it returns before the link is there.
    await client.startRealtimeNotifications();
    for (const event of EVENTS) {
      client.on(event, (data) => {
        log.push({ event, data: data ?? null });
        for (const look of waiting) look();
      });
    }
    open.set(name, { client, log, waiting });
    await this.seen(name, "realTimeNotificationConnected", {}, 1);
  },

  // The n-th event of a kind that contains `wanted`; waits for it.
  seen(name, event, wanted, n = 1, ms = 10000) {
    const { log, waiting } = open.get(name);
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = log.filter((entry) => entry.event === event && matches(entry.data, wanted));
        if (found.length < n) return;
        waiting.delete(look);
        clearTimeout(timer);
        resolve(found[n - 1].data);
      };
      const timer = setTimeout(() => {
        waiting.delete(look);
        reject(new Error(`${name} did not see ${event} ${JSON.stringify(wanted)} (${n}); it saw ${JSON.stringify(log.slice(-8))}`));
      }, ms);
      waiting.add(look);
      look();
    });
  },

  count: (name, event, wanted) => open.get(name).log.filter((entry) => entry.event === event && matches(entry.data, wanted)).length,

  client: async (name, method, ...args) => open.get(name).client[method](...args),

  thread: async (name, threadId, method, ...args) => open.get(name).client.getChatThreadClient(threadId)[method](...args),

  stop: (name) => open.get(name).client.stopRealtimeNotifications(),
};
