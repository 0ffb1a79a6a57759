// Where the inspector stands, if the telephone says so; a result without a position is fine.
const form = document.querySelector("form[data-position]");
if (form && "geolocation" in navigator) {
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      form.elements.longitude.value = coords.longitude.toFixed(6);
      form.elements.latitude.value = coords.latitude.toFixed(6);
    },
    () => {},
    { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
  );
}
