// For server-rendered pages that ask for it: htmx, which finds its attributes by itself.
import "./renewal.js";
