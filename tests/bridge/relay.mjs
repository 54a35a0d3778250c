// A way for a page of another address into the embedded service, which lets in its own pages only: it takes the page's name off.
//
// `/standin` leads to the test instead: see standin/conductor.ts.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { WebSocketServer } from "ws";

export async function relay(endpoint) {
  const { hostname, port } = new URL(endpoint);
  const conductor = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const server = createServer((near) => {
    let head = "";
    const first = (data) => {
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      near.off("data", first);
      const far = head.startsWith("GET /standin ") ? connect(conductor.address().port, "127.0.0.1") : connect(Number(port), hostname);
      far.write(Buffer.from(head.replace(/^origin: .*\r\n/im, ""), "latin1"));
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) socket.on("error", () => {}).on("close", () => (near.destroy(), far.destroy()));
    };
    near.on("data", first).on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await Promise.all([once(server, "listening"), conductor.address() || once(conductor, "listening")]);
  const host = `127.0.0.1:${server.address().port}`;
  return {
    endpoint: `http://${host}`,
    local: `http://${host} ws://${host}`,
    // What the stage of the next stand-in that comes answers.
    async stage() {
      const [socket] = await once(conductor, "connection");
      let asked = 0;
      return async (path, ...args) => {
        const id = ++asked;
        socket.send(JSON.stringify({ id, path, args }));
        for (;;) {
          const told = JSON.parse(String((await once(socket, "message"))[0]));
          if (told.id !== id) continue;
          if (told.error) throw new Error(told.error);
          return told.result;
        }
      };
    },
    stop() {
      server.close();
      conductor.close();
    },
  };
}
