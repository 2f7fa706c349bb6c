const http = require("node:http");
const { once } = require("node:events");

process.setMaxListeners(0);

const server = http.createServer((req, res) => {
	const stream = track({ open: true });
	process.once("SIGTERM", () => {
		stream.open = false;
		res.end("bye");
	});
	res.end(`hello ${req.url}, ${stream.open}`);
});

const listening = once(server.listen(0, "127.0.0.1"), "listening");

exports.unit = async (number) => {
	await listening;
	const answer = await fetch(`http://127.0.0.1:${server.address().port}/${number}`);
	say(await answer.text());
};
