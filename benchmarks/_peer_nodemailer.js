// The peer: nodemailer's pool. Arguments: port, messages, connections. Prints messages per second.
const nodemailer = require("nodemailer");
const [port, messages, connections] = process.argv.slice(2).map(Number);
const pool = nodemailer.createTransport({
  host: "127.0.0.1", port, secure: false, ignoreTLS: true, pool: true, maxConnections: connections, maxMessages: Infinity,
});
const filler = "<p>Der schnelle braune Fuchs springt über den faulen Hund.</p>\n".repeat(150);
const begun = process.hrtime.bigint();
let left = messages;
let next = 0;
function one() {
  if (next >= messages) return;
  const n = next++;
  pool.sendMail({
    from: "Nordlicht Outdoor <news@mail.example.com>", to: `person${n}@d${n % 500}.example.com`,
    subject: `Jürgen ${n}, your orders`, text: `Hello Jürgen ${n}`, html: `<h1>Hello Jürgen ${n}</h1>${filler}`,
  }, (error) => {
    if (error) throw error;
    if (--left === 0) {
      console.log(messages / (Number(process.hrtime.bigint() - begun) / 1e9));
      pool.close();
    }
    one();
  });
}
for (let i = 0; i < connections * 4; i++) one();
