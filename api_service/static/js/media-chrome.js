/** The elements of media-chrome that the room's page uses, a third of all. */
import "./media-chrome-texts.js";
import "../vendor/media-chrome/media-controller.js";
import "../vendor/media-chrome/media-control-bar.js";
import "../vendor/media-chrome/media-play-button.js";
import "../vendor/media-chrome/media-time-range.js";
import "../vendor/media-chrome/media-time-display.js";
import "../vendor/media-chrome/media-seek-backward-button.js";
import "../vendor/media-chrome/media-seek-forward-button.js";
import "../vendor/media-chrome/media-mute-button.js";
import "../vendor/media-chrome/media-volume-range.js";
import "../vendor/media-chrome/media-fullscreen-button.js";
import "../vendor/media-chrome/media-loading-indicator.js";
