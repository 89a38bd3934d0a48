// A plain stock server that does the fan-out of space and checks nothing; prints its port. Wants NODE_PATH.

const { createServer } = require("node:http");
const { Server } = require("socket.io");

const http = createServer();
const io = new Server(http);

io.on("connection", (socket) => {
  socket.on("join:space", ({ spaceId, nickname, avatarColor }) => {
    socket.data = { spaceId, nickname, avatarColor };
    socket.join(spaceId);
    socket.emit("room:joined", { spaceId, players: [], yourPlayerId: socket.id });
  });
  socket.on("player:move", ({ x, y, direction, isMoving }) => {
    const { spaceId, nickname, avatarColor } = socket.data;
    socket.to(spaceId).emit("player:moved", { id: socket.id, nickname, x, y, direction, isMoving, avatarColor });
  });
});

http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}`));
