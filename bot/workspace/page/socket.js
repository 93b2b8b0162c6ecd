// Keeps the live line to the workspace: connects, hands on each event, and comes back after a break.

const FIRST_WAIT = 300;
const LONGEST_WAIT = 5000;

/** Calls onEvent per event, onOpen after each (re)connection, onLost when the line breaks. */
export function keepConnected(user, { onEvent, onOpen, onLost }) {
  let wait = FIRST_WAIT;
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/page/events?user=${encodeURIComponent(user)}`);
    socket.addEventListener("open", () => {
      wait = FIRST_WAIT;
      onOpen();
    });
    socket.addEventListener("message", ({ data }) => onEvent(JSON.parse(data)));
    socket.addEventListener("close", () => {
      onLost();
      setTimeout(connect, wait);
      wait = Math.min(wait * 2, LONGEST_WAIT);
    });
  };
  connect();
}
