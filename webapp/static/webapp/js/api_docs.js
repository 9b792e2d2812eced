// The page to try the API on: Swagger's own interface, in the theme and with the session of the site.

const place = document.getElementById("swagger-ui");
const settings = JSON.parse(document.getElementById("swagger-settings").textContent);

function follow() {
  const root = document.documentElement;
  root.classList.toggle("dark-mode", root.dataset.theme === "dark");
}

follow();
document.addEventListener("themechange", follow);
window.SwaggerUIBundle({
  ...settings,
  domNode: place,
  presets: [window.SwaggerUIBundle.presets.apis],
  requestInterceptor: (request) => {
    request.headers["X-CSRFToken"] = place.dataset.csrfToken;
    return request;
  },
});
