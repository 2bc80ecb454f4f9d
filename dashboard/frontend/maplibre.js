/**
 * Entry of assets/lazy/maplibre-gl.min.js: what CityMap needs of the library, as window.maplibregl.
 * maplibre-gl 6 comes as a module with its worker apart; pages load plain scripts.
 */
import { Map, NavigationControl, setWorkerUrl } from "maplibre-gl";

window.maplibregl = { Map, NavigationControl, setWorkerUrl };
