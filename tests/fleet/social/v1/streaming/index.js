// Streams: what workers publish in redis goes to every WebSocket that is open.
const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');
const { WebSocketServer } = require('ws');

const file = path.join(__dirname, '..', `.env.${process.env.NODE_ENV || 'development'}`);
for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
  const at = line.indexOf('=');
  if (line.startsWith('#') || at < 0) continue;
  process.env[line.slice(0, at)] ??= line.slice(at + 1).replace(/^'|'$/g, '');
}

const server = http.createServer((request, response) => {
  const healthy = request.url === '/api/v1/streaming/health';
  response.writeHead(healthy ? 200 : 404, { 'content-type': 'text/plain' });
  response.end(healthy ? 'OK' : 'there is no such stream');
});
const sockets = new WebSocketServer({ server, path: '/api/v1/streaming' });

// A command as redis reads it: the number of its words, and each with its length.
const command = (...words) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;

const redis = net.connect(Number(process.env.REDIS_PORT || 6379), process.env.REDIS_HOST || 'localhost');
redis.on('connect', () => {
  if (process.env.REDIS_PASSWORD) redis.write(command('AUTH', process.env.REDIS_PASSWORD));
  redis.write(command('SUBSCRIBE', 'timeline:public'));
});
let heard = '';
redis.on('data', (data) => {
  heard += data.toString();
  if (heard.startsWith('-')) throw new Error(heard);
  const message = /\*3\r\n\$7\r\nmessage\r\n\$15\r\ntimeline:public\r\n\$\d+\r\n(.*)\r\n/;
  for (let found; (found = message.exec(heard)); heard = heard.slice(found.index + found[0].length)) {
    for (const socket of sockets.clients) socket.send(found[1]);
  }
});
// Without redis there is nothing to tell: systemd starts it anew.
redis.on('error', (error) => { throw error; });
redis.on('close', () => process.exit(1));

server.listen(Number(process.env.PORT || 4000), process.env.BIND || '127.0.0.1');
