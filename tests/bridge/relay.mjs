// A way for a page of another address into the embedded service, which lets in its own pages only: it takes the page's name off.
//
// `/standin` and `/passed` lead to the test instead: see standin/conductor.ts and standin/passed.ts.
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { WebSocketServer } from "ws";
import { passed } from "./passed.mjs";

export async function relay(endpoint) {
  const { hostname, port } = new URL(endpoint);
  const conductor = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const passing = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  passing.on("connection", (socket) => {
    socket.on("message", (data) => {
      const { way, type } = JSON.parse(String(data));
      passed[way].add(type);
    });
  });
  const ours = { "/standin": conductor, "/passed": passing };
  const server = createServer((near) => {
    let head = "";
    const first = (data) => {
      head += data.toString("latin1");
      if (!head.includes("\r\n\r\n")) return;
      near.off("data", first);
      const asked = ours[/^GET (\S+) /.exec(head)?.[1]];
      const far = asked ? connect(asked.address().port, "127.0.0.1") : connect(Number(port), hostname);
      far.write(Buffer.from(head.replace(/^origin: .*\r\n/im, ""), "latin1"));
      near.pipe(far).pipe(near);
      // The last words of the service still go to the page.
      far.on("error", () => {}).on("close", () => near.end());
      near.on("close", () => far.destroy());
    };
    near.on("data", first).on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await Promise.all([once(server, "listening"), ...Object.values(ours).map((one) => one.address() || once(one, "listening"))]);
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
      for (const one of Object.values(ours)) one.close();
    },
  };
}
