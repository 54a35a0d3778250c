// A way for a page of another address into the embedded service, which lets in its own pages only: it takes the page's name off.
import { once } from "node:events";
import { connect, createServer } from "node:net";

export async function relay(endpoint) {
  const { hostname, port } = new URL(endpoint);
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    let head = "";
    const first = (data) => {
      head += data.toString("latin1");
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      near.off("data", first);
      far.write(Buffer.from(head.replace(/^origin: .*\r\n/im, ""), "latin1"));
      near.pipe(far);
    };
    near.on("data", first);
    far.pipe(near);
    for (const socket of [near, far]) socket.on("error", () => {}).on("close", () => (near.destroy(), far.destroy()));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${server.address().port}`;
  return { endpoint: `http://${host}`, local: `http://${host} ws://${host}`, stop: () => server.close() };
}
